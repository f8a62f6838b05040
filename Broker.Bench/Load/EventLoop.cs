using Broker.Bench.Measuring;
using Broker.Bench.Sockets;

namespace Broker.Bench.Load;

/// <summary>Drives connections with one thread of its own until the run stops.</summary>
public sealed class EventLoop
{
    // How long a silent loop may take to notice that the run has stopped.
    private const long Tick = 20 * MonotonicClock.NanosecondsPerMillisecond;

    private readonly RunControl _run;
    private readonly LoadConnection[] _connections;
    private readonly bool[] _watchedForWriting;
    private readonly bool _paced;
    private readonly Thread _thread;

    /// <param name="name">Name of the thread, for tools that show it.</param>
    /// <param name="run">What tells the loop to end, and hears of its failure.</param>
    /// <param name="connections">What to drive.</param>
    /// <param name="paced">Whether any of the connections keeps a schedule.</param>
    public EventLoop(string name, RunControl run, LoadConnection[] connections, bool paced)
    {
        _run = run;
        _connections = connections;
        _watchedForWriting = new bool[connections.Length];
        _paced = paced;
        _thread = new Thread(Drive) { Name = name, IsBackground = true };
    }

    public void Start() => _thread.Start();

    public void Join() => _thread.Join();

    private void Drive()
    {
        try
        {
            if (_paced && OperatingSystem.IsLinux())
                LinuxCalls.SharpenTimers();
            using SocketPoller poller = SocketPoller.Create();
            for (int key = 0; key < _connections.Length; key++)
                poller.Add(_connections[key].Connection.Socket, key);
            for (int key = 0; key < _connections.Length; key++)
            {
                _connections[key].Start();
                WatchForWriting(poller, key);
            }
            Span<ReadySocket> ready = stackalloc ReadySocket[256];
            while (_run.Phase != RunPhase.Stopped)
            {
                int count = poller.Wait(ready, _paced ? UntilDue() : Tick);
                foreach (ReadySocket socket in ready[..count])
                {
                    if (socket.Readable)
                        _connections[socket.Key].Read();
                    if (socket.Writable)
                        _connections[socket.Key].Continue();
                    WatchForWriting(poller, socket.Key);
                }
                if (_paced)
                    ContinueDue(poller);
            }
        }
        catch (Exception exception)
        {
            _run.Fail(exception);
        }
    }

    private long UntilDue()
    {
        long due = LoadConnection.Never;
        foreach (LoadConnection connection in _connections)
            due = Math.Min(due, connection.DueAt);
        return due == LoadConnection.Never ? Tick : Math.Clamp(due - MonotonicClock.Now, 0, Tick);
    }

    private void ContinueDue(SocketPoller poller)
    {
        long now = MonotonicClock.Now;
        for (int key = 0; key < _connections.Length; key++)
        {
            if (_connections[key].DueAt > now)
                continue;
            _connections[key].Continue();
            WatchForWriting(poller, key);
        }
    }

    private void WatchForWriting(SocketPoller poller, int key)
    {
        bool wanted = _connections[key].WantsToWrite;
        if (wanted == _watchedForWriting[key])
            return;
        poller.WatchWritable(_connections[key].Connection.Socket, key, wanted);
        _watchedForWriting[key] = wanted;
    }
}
