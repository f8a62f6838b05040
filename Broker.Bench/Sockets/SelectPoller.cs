using System.Net.Sockets;
using Broker.Bench.Measuring;

namespace Broker.Bench.Sockets;

/// <summary>Waits with what .NET offers on every system; its cost grows with the number of sockets.</summary>
internal sealed class SelectPoller : SocketPoller
{
    private const long NanosecondsPerMicrosecond = 1000;

    private readonly Dictionary<Socket, int> _keys = [];
    private readonly HashSet<Socket> _writing = [];
    private readonly List<Socket> _readable = [];
    private readonly List<Socket> _writable = [];

    public override void Add(Socket socket, int key) => _keys.Add(socket, key);

    public override void WatchWritable(Socket socket, int key, bool watch)
    {
        if (watch)
            _writing.Add(socket);
        else
            _writing.Remove(socket);
    }

    public override int Wait(Span<ReadySocket> ready, long timeout)
    {
        _readable.Clear();
        _readable.AddRange(_keys.Keys);
        _writable.Clear();
        _writable.AddRange(_writing);
        Socket.Select(_readable, _writable, null, (int)Math.Min(timeout / NanosecondsPerMicrosecond, MonotonicClock.NanosecondsPerSecond));
        int count = 0;
        foreach (Socket socket in _readable)
        {
            if (count < ready.Length)
                ready[count++] = new ReadySocket(_keys[socket], Readable: true, Writable: _writable.Remove(socket));
        }
        foreach (Socket socket in _writable)
        {
            if (count < ready.Length)
                ready[count++] = new ReadySocket(_keys[socket], Readable: false, Writable: true);
        }
        return count;
    }

    public override void Dispose()
    {
    }
}
