using Broker.Messages;

namespace Broker.Storage;

/// <summary>A channel's progress as it was recovered.</summary>
public sealed class ChannelState
{
    /// <summary>All below is finished.</summary>
    public required long Floor { get; init; }

    /// <summary>Finished ranges above the floor, in order, neither touching nor overlapping.</summary>
    public required IReadOnlyList<OffsetRange> Finished { get; init; }

    /// <summary>Messages that were delivered or deferred before, in order of their offsets.</summary>
    public required IReadOnlyList<MessageState> Messages { get; init; }

    /// <summary>The dead letters.</summary>
    public DeadNumbers Dead { get; init; } = new();
}
