namespace Broker.Storage;

/// <summary>What a log knows of a publisher's request.</summary>
public enum SequenceVerdict
{
    /// <summary>It is not in the log.</summary>
    New = 0,

    /// <summary>It is in the log.</summary>
    InLog = 1,

    /// <summary>It may be in the log or not: its number lies below all that are remembered.</summary>
    Unknown = 2,
}
