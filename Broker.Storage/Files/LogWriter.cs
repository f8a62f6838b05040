using System.Runtime.InteropServices;

namespace Broker.Storage.Files;

/// <summary>
/// Writes the logs and journals of a data path, one at a time. Its thread takes all that is waiting as a group: first everything is written,
/// then committed, so that appends that arrive during a write or an fsync share the next one. A caller with little to write does so itself
/// while nobody else writes and writes are quick: that saves two threads a wake-up, which cost more than the write.
/// </summary>
internal sealed class LogWriter : IAsyncDisposable
{
    // A write into the page cache takes microseconds. One that takes longer waits for something: the next is left to the thread.
    private static readonly TimeSpan Quick = TimeSpan.FromMilliseconds(1);

    private readonly Lock _lock = new();
    private readonly IStorageThreads _threads;
    private readonly TimeProvider _time;
    private readonly TimeSpan _delay;
    private readonly ITimer _timer;
    private readonly IStorageThread _thread;
    private List<WriterClient> _waiting = [];
    private List<WriterClient> _group = [];
    private readonly List<WriterClient> _delayed = [];
    private readonly Queue<WriterJob> _jobs = new();
    private bool _isWriting;
    private bool _isQuick = true;
    private bool _hasEnded;

    /// <param name="threads">Where it runs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="delay">How long <see cref="PostDelayed"/> waits.</param>
    public LogWriter(IStorageThreads threads, TimeProvider time, TimeSpan delay)
    {
        _threads = threads;
        _time = time;
        _delay = delay;
        _timer = time.CreateTimer(_ => PostAllDelayed(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = threads.Start("log writer", WriteGroups);
    }

    /// <summary>Has a client written as soon as may be.</summary>
    public void Post(WriterClient client)
    {
        lock (_lock)
        {
            if (client.IsQueued)
                return;
            client.IsQueued = true;
            _waiting.Add(client);
        }
        _thread.Wake();
    }

    /// <summary>Writes a client here and now if nobody else writes and writes are quick; else has it written as soon as may be.</summary>
    public void WriteOrPost(WriterClient client)
    {
        bool mayWrite;
        lock (_lock)
        {
            mayWrite = _isQuick && !_isWriting && _waiting.Count == 0 && _jobs.Count == 0 && _threads.MayLend;
            _isWriting |= mayWrite;
        }
        if (mayWrite && client.IsQuick)
            WriteGroup([client]);
        else
            Post(client);
        if (mayWrite)
            EndWriting();
    }

    /// <summary>Has a client written within the delay, together with others.</summary>
    public void PostDelayed(WriterClient client)
    {
        lock (_lock)
        {
            if (client.IsQueued || client.IsDelayed)
                return;
            client.IsDelayed = true;
            _delayed.Add(client);
            if (_delayed.Count == 1)
                _timer.Change(_delay, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Runs an action on the writer thread, between two groups of writes.</summary>
    /// <exception cref="ObjectDisposedException">The thread has ended.</exception>
    public Task RunAsync(Action action)
    {
        WriterJob job = new(action);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_hasEnded, this);
            _jobs.Enqueue(job);
        }
        _thread.Wake();
        return job.Completed;
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        PostAllDelayed();
        await _thread.DisposeAsync();
        lock (_lock)
            _hasEnded = true;
        // What came after the thread's last look.
        WriteGroups();
    }

    private void PostAllDelayed()
    {
        lock (_lock)
        {
            foreach (WriterClient client in _delayed)
            {
                client.IsDelayed = false;
                if (!client.IsQueued)
                {
                    client.IsQueued = true;
                    _waiting.Add(client);
                }
            }
            _delayed.Clear();
        }
        _thread.Wake();
    }

    private void WriteGroups()
    {
        lock (_lock)
        {
            // A caller is writing. It wakes the thread when it is done.
            if (_isWriting)
                return;
            _isWriting = true;
        }
        while (true)
        {
            WriterJob? job;
            lock (_lock)
            {
                _jobs.TryDequeue(out job);
                if (_waiting.Count == 0 && job is null)
                {
                    _isWriting = false;
                    return;
                }
                (_waiting, _group) = (_group, _waiting);
                foreach (WriterClient client in _group)
                    client.IsQueued = false;
            }
            WriteGroup(CollectionsMarshal.AsSpan(_group));
            _group.Clear();
            job?.Run();
        }
    }

    private void WriteGroup(ReadOnlySpan<WriterClient> group)
    {
        long start = _time.GetTimestamp();
        foreach (WriterClient client in group)
            Try(client, static client => client.Write());
        _isQuick = _time.GetElapsedTime(start) < Quick;
        foreach (WriterClient client in group)
            Try(client, static client => client.Commit());
    }

    private void EndWriting()
    {
        bool isDone;
        bool hasEnded;
        lock (_lock)
        {
            _isWriting = false;
            isDone = _waiting.Count == 0 && _jobs.Count == 0;
            hasEnded = _hasEnded;
        }
        if (isDone)
            return;
        if (hasEnded)
            WriteGroups();
        else
            _thread.Wake();
    }

    /// <summary>What one client throws fails that client alone: the thread is everybody's.</summary>
    private static void Try(WriterClient client, Action<WriterClient> action)
    {
        try
        {
            action(client);
        }
        catch (Exception e)
        {
            client.Abort(e);
        }
    }

    private sealed class WriterJob(Action action)
    {
        private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Completed => _completed.Task;

        public void Run()
        {
            try
            {
                action();
                _completed.SetResult();
            }
            catch (Exception e)
            {
                _completed.SetException(e);
            }
        }
    }
}
