using System.Net.Sockets;

namespace Broker.Gateway.Sockets;

/// <summary>
/// The threads that serve clients' sockets. While they have work, another one looks whether any is held up, by a disk that stalls, and has it be replaced: so
/// what holds up one connection holds up others for a moment only.
/// </summary>
internal sealed class SocketThreads : IDisposable
{
    // Milliseconds between two looks; who has been at one event since the last one is held up.
    private const int Interval = 50;

    // Looks without work before the next one waits for work.
    private const int RestAfter = 4;

    private readonly ManualResetEventSlim _work = new(initialState: false, spinCount: 0);
    private readonly Thread _watch;
    private readonly SocketThread[] _threads;
    private long _lastNumber;
    private volatile bool _rests = true;
    private volatile bool _hasEnded;

    /// <param name="count">How many there are to be.</param>
    /// <param name="failed">Told what a connection did not handle itself, which must never be.</param>
    public SocketThreads(int count, Action<Exception, SocketConnection> failed)
    {
        _threads = new SocketThread[count];
        for (int i = 0; i < count; i++)
            _threads[i] = new SocketThread(this, failed);
        _watch = new Thread(Watch) { IsBackground = true, Name = "NSQ socket watch" };
        _watch.UnsafeStart();
    }

    /// <summary>Serves a socket from now on.</summary>
    public SocketConnection Add(Socket socket, SocketLimits limits)
    {
        long number = Interlocked.Increment(ref _lastNumber);
        SocketThread thread = _threads[number % _threads.Length];
        SocketConnection connection = new(thread, socket, number, limits);
        connection.Start();
        return connection;
    }

    /// <summary>A thread has work.</summary>
    public void NoteWork()
    {
        if (_rests)
            _work.Set();
    }

    /// <summary>Ends the threads. No connection is to be left.</summary>
    public void Dispose()
    {
        _hasEnded = true;
        _work.Set();
        _watch.Join();
        // From here on nobody replaces them.
        foreach (SocketThread thread in _threads)
            thread.Dispose();
        _work.Dispose();
    }

    private void Watch()
    {
        while (!_hasEnded)
        {
            _work.Wait();
            _work.Reset();
            _rests = false;
            for (int idle = 0; idle < RestAfter && !_hasEnded; idle++)
            {
                Thread.Sleep(Interval);
                foreach (SocketThread thread in _threads)
                {
                    if (thread.ReplaceIfHeldUp(Interval))
                        idle = 0;
                }
            }
            _rests = true;
            // Who began meanwhile did not say so.
            if (Array.Exists(_threads, static thread => thread.IsAtWork))
                _work.Set();
        }
    }
}
