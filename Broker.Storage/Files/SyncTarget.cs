namespace Broker.Storage.Files;

/// <summary>Something that was written and is to be synced in the background.</summary>
internal abstract class SyncTarget
{
    /// <summary>Whether it is to be synced when the interval is over; owned by <see cref="Syncer"/>.</summary>
    public bool IsDue { get; set; }

    /// <summary>Whether it is to be synced now; owned by <see cref="Syncer"/>.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Syncs what was written. Must not throw: a failure is reported and asked for again.</summary>
    public abstract void Sync();

    /// <summary>
    /// Holds what was written until <see cref="Settle"/>, which the same thread calls: in between everything on the file system is synced at once.
    /// </summary>
    public abstract void Take();

    /// <summary>Ends what <see cref="Take"/> began.</summary>
    /// <param name="isSynced">Whether all that was taken is on the device; else it waits for a sync again.</param>
    public abstract void Settle(bool isSynced);
}
