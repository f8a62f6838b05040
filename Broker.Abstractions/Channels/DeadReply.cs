using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>What was seen of a channel's dead letters.</summary>
[GenerateSerializer, Immutable, Alias("Broker.DeadReply")]
public sealed class DeadReply
{
    /// <summary>How it ended.</summary>
    [Id(0)] public TopicStatus Status { get; init; }

    /// <summary>With <see cref="TopicStatus.Failed"/>: the cause in one line.</summary>
    [Id(1)] public string? Error { get; init; }

    /// <summary>The dead letters, in the order in which they died.</summary>
    [Id(2)] public PeekedDeadLetter[] Letters { get; init; } = [];

    /// <summary>Where to look for more; null when all were looked at.</summary>
    [Id(3)] public long? Next { get; init; }

    /// <summary>How many dead letters the channel has.</summary>
    [Id(4)] public long Count { get; init; }

    /// <summary>Bytes that they take.</summary>
    [Id(5)] public long Bytes { get; init; }
}
