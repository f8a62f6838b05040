namespace Broker.Storage;

/// <summary>Kinds of changes of a channel's progress.</summary>
public enum ProgressKind : byte
{
    /// <summary>The offsets from Offset to Value (exclusive) are finished; attempts, deferrals and kept copies in the range are forgotten.</summary>
    Finished = 1,

    /// <summary>All below Offset is finished: the floor.</summary>
    Floor = 2,

    /// <summary>The message at Offset is deferred until Value, with Attempts deliveries so far.</summary>
    Deferred = 3,

    /// <summary>The message at Offset waits again, with Attempts deliveries so far; a deferral of it is over.</summary>
    Attempts = 4,

    /// <summary>All below Offset was dropped: floor, attempts, deferrals and kept copies.</summary>
    Emptied = 5,

    /// <summary>
    /// The message at Offset died and became the dead letter of number Value and of Size bytes: it is finished, and its attempts, deferral and kept copy
    /// are forgotten. Noted by the store (<see cref="IChannelProgress.BuryAsync"/>).
    /// </summary>
    Died = 7,

    /// <summary>The dead letters from number Offset to Value (exclusive), of Size bytes together, were removed.</summary>
    DeadRemoved = 8,

    /// <summary>There were dead letters up to number Offset (exclusive), and those that are left take Value bytes; stands in compacted journals only.</summary>
    DeadBefore = 9,
}
