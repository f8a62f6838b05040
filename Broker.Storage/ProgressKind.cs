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
}
