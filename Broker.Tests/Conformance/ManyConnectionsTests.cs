using System.Collections.Concurrent;
using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Many clients at once: nothing is lost, nothing comes twice.</summary>
public class ManyConnectionsTests
{
    private const int Connections = 200;
    private const int MessagesEach = 100;

    [Fact]
    public async Task Two_hundred_connections_publish_and_consume_at_once_without_a_lost_or_doubled_message()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        ConcurrentDictionary<string, int> received = new();
        int left = Connections * MessagesEach;
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);

        NsqSocket[] sockets = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => broker.SubscribeAsync("t", "c", ready: 10)));
        await Task.WhenAll(sockets.Select(WorkAsync));

        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, InFlight: 0, Finished: Connections * MessagesEach });
        Assert.Equal(Connections * MessagesEach, received.Count);
        Assert.DoesNotContain(received, message => message.Value != 1);

        // Each connection publishes all of its messages, and consumes whatever comes until all have come somewhere.
        async Task WorkAsync(NsqSocket socket, int number)
        {
            await socket.SendAsync(Enumerable.Range(0, MessagesEach).SelectMany(i => NsqCommand.Pub("t", $"{number}/{i}")).ToArray());
            int acknowledged = 0;
            while (Volatile.Read(ref left) > 0 || acknowledged < MessagesEach)
            {
                Task<NsqFrame?> next = socket.NextAsync($"a message or an OK on connection {number}");
                if (acknowledged == MessagesEach && await Task.WhenAny(next, all.Task) == all.Task) return;

                NsqFrame frame = await next ?? throw new Xunit.Sdk.XunitException($"Connection {number} was closed.");
                if (frame.Type == NsqFrame.Response)
                {
                    Assert.Equal("OK", frame.Text);
                    acknowledged++;
                    continue;
                }

                Assert.Equal(NsqFrame.Message, frame.Type);
                NsqMessage message = NsqMessage.Parse(frame.Data);
                await socket.FinishAsync(message);
                received.AddOrUpdate(message.Text, 1, (_, times) => times + 1);
                if (Interlocked.Decrement(ref left) == 0) all.SetResult();
            }
        }
    }

    [Fact]
    public async Task Consumers_that_vanish_again_and_again_cost_no_message()
    {
        const int producers = 4;
        const int consumers = 8;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.SubscribeAsync("t", "c");
        ConcurrentDictionary<string, bool> received = new();
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);

        await Task.WhenAll(
            [.. Enumerable.Range(0, producers).Select(PublishAsync), .. Enumerable.Range(0, consumers).Select(_ => ConsumeAsync())]);

        Assert.Equal(producers * MessagesEach, received.Count);

        async Task PublishAsync(int producer)
        {
            for (int i = 0; i < MessagesEach; i++) await broker.PublishAsync("t", $"{producer}/{i}");
        }

        // Takes and finishes a few messages and is gone with others in flight, which come back a second later.
        async Task ConsumeAsync()
        {
            const int taken = 5;
            while (!all.Task.IsCompleted)
            {
                await using NsqSocket socket = await NsqSocket.OpenAsync(broker.TcpEndPoint);
                Assert.Equal("OK", await socket.IdentifyAsync("""{"msg_timeout":1000}"""));
                await socket.SubscribeAsync("t", "c", ready: taken);
                for (int i = 0; i < taken; i++)
                {
                    Task<NsqMessage> next = NextMessageAsync(socket);
                    if (await Task.WhenAny(next, all.Task) == all.Task) return;

                    NsqMessage message = await next;
                    await socket.FinishAsync(message);
                    if (received.TryAdd(message.Text, true) && received.Count == producers * MessagesEach) all.TrySetResult();
                }

                socket.Abort();
            }
        }
    }

    // A busy machine may take longer over a FIN than the timeout: the message comes again then, to whoever is there.
    private static async Task<NsqMessage> NextMessageAsync(NsqSocket socket)
    {
        while (true)
        {
            NsqFrame frame = await socket.NextAsync("a message") ?? throw new Xunit.Sdk.XunitException("The connection was closed.");
            if (frame.Type == NsqFrame.Message) return NsqMessage.Parse(frame.Data);

            Assert.StartsWith("E_FIN_FAILED", frame.Text);
        }
    }
}
