using System.Collections.Concurrent;

namespace Broker.Gateway.Sockets;

/// <summary>
/// Serves the sockets of many clients: woken by the kernel for those that are ready, it does there and then what follows from what came. To hand it to
/// another thread would cost more than most commands do. Is it held up, another one takes its place (<see cref="ReplaceIfHeldUp"/>).
/// </summary>
internal sealed class SocketThread : IDisposable
{
    private const int MaxEvents = 64;

    // Whoever is held up by what holds up everybody need not be replaced for ever.
    private const int MaxHeldUp = 16;

    private readonly Lock _sync = new();
    private readonly Epoll _epoll = new();
    private readonly ConcurrentDictionary<long, SocketConnection> _connections = new();
    private readonly Queue<(long Number, uint Events)> _events = new(MaxEvents);
    private readonly ManualResetEventSlim _ended = new();
    private readonly SocketThreads _threads;
    private readonly Action<Exception, SocketConnection> _failed;
    private int _shift;
    private int _heldUp;
    private long _busySince;

    /// <param name="threads">Those that it is one of; told when it has work.</param>
    /// <param name="failed">Told what a connection did not handle itself, which must never be.</param>
    public SocketThread(SocketThreads threads, Action<Exception, SocketConnection> failed)
    {
        _threads = threads;
        _failed = failed;
        Begin(shift: 0);
    }

    /// <summary>Whether it is at work.</summary>
    public bool IsAtWork
    {
        get
        {
            lock (_sync)
                return _busySince != 0;
        }
    }

    /// <summary>Serves a connection from now on.</summary>
    public void Add(SocketConnection connection)
    {
        _connections.TryAdd(connection.Number, connection);
        _epoll.Watch(connection.Descriptor, connection.Number);
    }

    /// <summary>A connection is about to close its socket.</summary>
    public void Remove(SocketConnection connection)
    {
        if (_connections.TryRemove(connection.Number, out _))
            _epoll.Forget(connection.Descriptor);
    }

    /// <summary>Puts another thread in its place when it has been at one event for longer than it should.</summary>
    /// <param name="limit">Milliseconds.</param>
    /// <returns>Whether it is at work.</returns>
    public bool ReplaceIfHeldUp(long limit)
    {
        lock (_sync)
        {
            if (_busySince == 0)
                return false;
            if (Environment.TickCount64 - _busySince >= limit && _heldUp < MaxHeldUp && TryBegin(_shift + 1))
            {
                _heldUp++;
                _shift++;
                _busySince = 0;
            }
            return true;
        }
    }

    /// <summary>Ends. No connection is to be left.</summary>
    public void Dispose()
    {
        _epoll.Wake();
        _ended.Wait();
        _epoll.Dispose();
        _ended.Dispose();
    }

    private void Begin(int shift) => new Thread(() => Serve(shift)) { IsBackground = true, Name = "NSQ sockets" }.UnsafeStart();

    // Where no thread can be made, the one that is held up goes on when it can.
    private bool TryBegin(int shift)
    {
        try
        {
            Begin(shift);
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    private void Serve(int shift)
    {
        Afterwards.Begin();
        while (TryTake(shift, out (long Number, uint Events) next))
        {
            if (next.Number == Epoll.WakeNumber)
            {
                _ended.Set();
                return;
            }
            // What has just been closed may have had an event.
            if (!_connections.TryGetValue(next.Number, out SocketConnection? connection))
                continue;
            try
            {
                connection.OnReady(next.Events);
            }
            catch (Exception e)
            {
                _failed(e, connection);
                connection.Abort();
            }
            finally
            {
                Afterwards.Do();
            }
        }
    }

    /// <returns>False when another has taken its place.</returns>
    private bool TryTake(int shift, out (long Number, uint Events) next)
    {
        lock (_sync)
        {
            if (shift != _shift)
            {
                _heldUp--;
                next = default;
                return false;
            }
            _busySince = 0;
            if (_events.TryDequeue(out next))
            {
                _busySince = Environment.TickCount64;
                return true;
            }
        }
        // Nobody takes the place of a thread that waits: the events are its own.
        _epoll.Wait(_events, MaxEvents);
        lock (_sync)
        {
            _busySince = Environment.TickCount64;
            next = _events.Dequeue();
        }
        _threads.NoteWork();
        return true;
    }
}
