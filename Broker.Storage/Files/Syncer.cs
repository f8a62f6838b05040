namespace Broker.Storage.Files;

/// <summary>
/// The thread that runs fsync in the background, so that publishers do not wait for the device where the policy does not ask for it. What is due
/// at once is synced as a whole when it is much.
/// </summary>
internal sealed class Syncer : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _interval;
    private readonly WholeSync _whole;
    private readonly StorageMetrics? _metrics;
    private readonly ITimer _timer;
    private readonly IStorageThread _thread;
    private readonly List<SyncTarget> _due = [];
    private List<SyncTarget> _waiting = [];
    private List<SyncTarget> _group = [];
    private volatile bool _isSyncing;

    /// <param name="threads">Where it runs.</param>
    /// <param name="time">The clock.</param>
    /// <param name="interval">How long <see cref="SyncLater"/> waits at most.</param>
    /// <param name="whole">Syncs many files at once.</param>
    /// <param name="metrics">Told how long that took; null for nobody.</param>
    public Syncer(IStorageThreads threads, TimeProvider time, TimeSpan interval, WholeSync whole, StorageMetrics? metrics)
    {
        _interval = interval;
        _whole = whole;
        _metrics = metrics;
        _timer = time.CreateTimer(_ => QueueDue(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = threads.Start("log syncer", SyncGroups);
    }

    /// <summary>Whether a sync is under way, for which writes may have to wait.</summary>
    public bool IsSyncing => _isSyncing;

    /// <summary>Has a target synced within the interval.</summary>
    public void SyncLater(SyncTarget target)
    {
        lock (_lock)
        {
            if (target.IsDue || target.IsQueued)
                return;
            target.IsDue = true;
            _due.Add(target);
            if (_due.Count == 1)
                _timer.Change(_interval, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Has a target synced as soon as may be.</summary>
    public void SyncSoon(SyncTarget target)
    {
        lock (_lock)
        {
            if (target.IsQueued)
                return;
            target.IsQueued = true;
            _waiting.Add(target);
        }
        _thread.Wake();
    }

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        QueueDue();
        await _thread.DisposeAsync();
    }

    private void QueueDue()
    {
        lock (_lock)
        {
            foreach (SyncTarget target in _due)
            {
                target.IsDue = false;
                if (!target.IsQueued)
                {
                    target.IsQueued = true;
                    _waiting.Add(target);
                }
            }
            _due.Clear();
        }
        _thread.Wake();
    }

    private void SyncGroups()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_waiting.Count == 0)
                    return;
                (_waiting, _group) = (_group, _waiting);
                foreach (SyncTarget target in _group)
                    target.IsQueued = false;
            }
            _isSyncing = true;
            if (_whole.IsFor(_group.Count))
                SyncTogether();
            foreach (SyncTarget target in _group)
                target.Sync();
            _isSyncing = false;
            _group.Clear();
        }
    }

    private void SyncTogether()
    {
        long start = _metrics?.SyncStart ?? 0;
        bool isSynced = false;
        foreach (SyncTarget target in _group)
            target.Take();
        try
        {
            _whole.Run();
            isSynced = true;
            _metrics?.Synced(start);
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            // Each is synced by itself now, and tells what became of its files.
        }
        finally
        {
            foreach (SyncTarget target in _group)
                target.Settle(isSynced);
        }
    }
}
