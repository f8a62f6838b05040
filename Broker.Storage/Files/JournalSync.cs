namespace Broker.Storage.Files;

/// <summary>Brings a channel's journal to the device, and tells those who wait for that.</summary>
/// <remarks>
/// The lock is held during the fsync, and while a compacted journal takes the place of the one before: what was promised for one holds for
/// the other. A second lock guards who waits, and is never held during I/O.
/// </remarks>
internal sealed class JournalSync(StoreServices services, TopicFolder folder, JournalFile file, string channel) : SyncTarget
{
    private readonly Lock _lock = new();
    private readonly Lock _waitersLock = new();
    private List<JournalWaiter> _waiters = [];
    private bool _isTaken;

    /// <summary>Takes over those who wait for more than the write, which has been done.</summary>
    /// <returns>Whether somebody waits here.</returns>
    public bool TakeWaiters(List<JournalWaiter> written)
    {
        lock (_waitersLock)
        {
            _waiters.AddRange(written.Where(waiter => waiter.NeedsSync));
            written.RemoveAll(waiter => waiter.NeedsSync);
            return _waiters.Count > 0;
        }
    }

    /// <summary>Does something that no sync may come between; false when one is under way, or when the action says so.</summary>
    public bool TryBetween(Func<bool> action)
    {
        if (!_lock.TryEnter())
            return false;
        try
        {
            return action();
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <inheritdoc/>
    public override void Sync()
    {
        lock (_lock)
            SyncInLock();
    }

    /// <inheritdoc/>
    public override void Take()
    {
        if (folder.IsDeleted)
            return;
        _lock.Enter();
        _isTaken = true;
        file.Take(isByItself: false);
    }

    /// <inheritdoc/>
    public override void Settle(bool isSynced)
    {
        if (!_isTaken)
            return;
        _isTaken = false;
        file.Settle(isSynced);
        _lock.Exit();
    }

    private void SyncInLock()
    {
        List<JournalWaiter> waiters;
        lock (_waitersLock)
        {
            waiters = _waiters;
            _waiters = [];
        }
        if (folder.IsDeleted)
        {
            waiters.ForEach(waiter => waiter.Fail(new FencedException($"{channel} was deleted")));
            return;
        }
        try
        {
            file.Sync();
            waiters.ForEach(waiter => waiter.Complete());
        }
        catch (Exception e)
        {
            StoreException failure = Fault.Of($"cannot sync the progress of {channel}", e);
            waiters.ForEach(waiter => waiter.Fail(failure));
            if (folder.IsDeleted)
                return;
            if (e is not ObjectDisposedException && !folder.IsLeaving)
            {
                services.Health.Fail(failure);
                services.Log.SyncFailed(failure.Message);
            }
            services.Syncer.SyncLater(this);
        }
    }
}
