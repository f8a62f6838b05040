using System.Net;
using System.Net.Sockets;
using Broker.Bench.Measuring;
using Broker.Bench.Sockets;

namespace Broker.Tests.Bench;

public sealed class SocketPollerTests
{
    private const long Patience = 60 * MonotonicClock.NanosecondsPerSecond;

    public static TheoryData<string> Kinds => [nameof(EpollPoller), nameof(SelectPoller)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_socket_with_something_to_read_ends_the_wait_until_it_was_read(string kind)
    {
        using SocketPoller poller = Create(kind);
        (Socket near, Socket far) = Pair();
        using (near)
        using (far)
        {
            poller.Add(near, key: 7);
            ReadySocket[] ready = new ReadySocket[4];
            Assert.Equal(0, poller.Wait(ready, 0));
            Assert.Equal(0, poller.Wait(ready, 1000));

            far.Send("x"u8);
            for (int i = 0; i < 2; i++)
            {
                Assert.Equal(1, poller.Wait(ready, Patience));
                Assert.Equal(new ReadySocket(7, Readable: true, Writable: false), ready[0]);
            }
            near.Receive(new byte[1]);
            Assert.Equal(0, poller.Wait(ready, 0));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Room_to_write_ends_the_wait_only_while_it_is_watched_for(string kind)
    {
        using SocketPoller poller = Create(kind);
        (Socket near, Socket far) = Pair();
        using (near)
        using (far)
        {
            poller.Add(near, key: 3);
            ReadySocket[] ready = new ReadySocket[4];
            poller.WatchWritable(near, 3, true);
            Assert.Equal(1, poller.Wait(ready, Patience));
            Assert.Equal(new ReadySocket(3, Readable: false, Writable: true), ready[0]);
            far.Send("x"u8);
            far.Shutdown(SocketShutdown.Send);
            near.Poll(TimeSpan.FromSeconds(60), SelectMode.SelectRead);
            Assert.Equal(1, poller.Wait(ready, Patience));
            Assert.Equal(new ReadySocket(3, Readable: true, Writable: true), ready[0]);
            poller.WatchWritable(near, 3, false);
            Assert.Equal(1, poller.Wait(ready, Patience));
            Assert.Equal(new ReadySocket(3, Readable: true, Writable: false), ready[0]);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void The_end_of_the_other_side_counts_as_something_to_read(string kind)
    {
        using SocketPoller poller = Create(kind);
        (Socket near, Socket far) = Pair();
        using (near)
        {
            poller.Add(near, key: 1);
            far.Dispose();
            ReadySocket[] ready = new ReadySocket[4];
            Assert.Equal(1, poller.Wait(ready, Patience));
            Assert.True(ready[0].Readable);
        }
    }

    private static SocketPoller Create(string kind) => kind == nameof(EpollPoller) ? new EpollPoller() : new SelectPoller();

    private static (Socket Near, Socket Far) Pair()
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        Socket near = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        near.Connect(listener.LocalEndPoint!);
        return (near, listener.Accept());
    }
}
