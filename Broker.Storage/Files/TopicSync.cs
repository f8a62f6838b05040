namespace Broker.Storage.Files;

/// <summary>Brings a topic's log to the device: segments, their names, the indexes of those that are sealed, and reserved offsets.</summary>
/// <remarks>
/// The lock is held during the fsync: whoever comes second must not go on before the first one's is over. The lock of the segments is taken
/// under it.
/// </remarks>
internal sealed class TopicSync(StoreServices services, TopicFolder folder, SegmentList segments, OffsetReservation reservation) : SyncTarget
{
    private readonly Lock _lock = new();
    private DirtySegments? _taken;
    private volatile bool _isReserving;

    /// <summary>Reserves a further block of offsets in the background.</summary>
    public void ReserveSoon()
    {
        if (_isReserving)
            return;
        _isReserving = true;
        services.Syncer.SyncSoon(this);
    }

    /// <summary>Syncs all that was written.</summary>
    public void SyncDirty()
    {
        lock (_lock)
            SyncDirtyInLock();
    }

    /// <inheritdoc/>
    public override void Sync()
    {
        try
        {
            if (folder.IsDeleted)
                return;
            if (_isReserving)
            {
                reservation.Extend();
                _isReserving = false;
            }
            if (!services.SyncsEachWrite)
                SyncDirty();
            foreach ((Segment segment, byte[] index) in segments.Unindexed())
            {
                folder.WriteIndex(segment, index);
                segments.MarkIndexed(segment);
            }
        }
        catch (Exception e)
        {
            // A segment may have been trimmed meanwhile, or the topic deleted: then the next attempt finds nothing to do.
            if (folder.IsDeleted)
                return;
            _isReserving = false;
            if (!folder.IsLeaving)
            {
                StoreException failure = Fault.Of($"cannot sync topic {folder.Name}", e);
                services.Health.Fail(failure);
                services.Metrics?.Failed();
                services.Log.SyncFailed(failure.Message);
            }
            services.Syncer.SyncLater(this);
        }
    }

    /// <inheritdoc/>
    public override void Take()
    {
        // Where each write is synced, only the writer knows when.
        if (services.SyncsEachWrite || folder.IsDeleted)
            return;
        _lock.Enter();
        _taken = segments.TakeDirty(isOneByOne: false);
    }

    /// <inheritdoc/>
    public override void Settle(bool isSynced)
    {
        if (_taken is not { } taken)
            return;
        _taken = null;
        if (isSynced)
            segments.MarkSynced(taken);
        else
            segments.PutBack(taken);
        _lock.Exit();
    }

    private void SyncDirtyInLock()
    {
        DirtySegments dirty = segments.TakeDirty(isOneByOne: true);
        long start = dirty.Segments.Count > 0 ? services.Metrics?.SyncStart ?? 0 : 0;
        try
        {
            foreach ((Segment segment, long synced, long length, bool mustRewrite) in dirty.Segments)
            {
                try
                {
                    if (mustRewrite)
                        FailedSync.WriteAgain(segment.File, synced, length);
                    segment.File.Sync();
                }
                catch (Exception e) when (segment.IsRemoved && e is (ObjectDisposedException or FileNotFoundException))
                {
                    // Trimmed meanwhile.
                }
            }
            if (dirty.IsDirectoryDirty)
                folder.Sync();
            services.Metrics?.Synced(start);
        }
        catch
        {
            segments.PutBack(dirty);
            throw;
        }
        segments.MarkSynced(dirty);
    }
}
