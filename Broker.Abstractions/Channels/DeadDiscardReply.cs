using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>What became of a request to throw dead letters away.</summary>
[GenerateSerializer, Immutable, Alias("Broker.DeadDiscardReply")]
public sealed class DeadDiscardReply
{
    /// <summary>How it ended.</summary>
    [Id(0)] public TopicStatus Status { get; init; }

    /// <summary>With <see cref="TopicStatus.Failed"/>: the cause in one line.</summary>
    [Id(1)] public string? Error { get; init; }

    /// <summary>How many were thrown away.</summary>
    [Id(2)] public long Discarded { get; init; }

    /// <summary>Number from which to go on; null when all were looked at.</summary>
    [Id(3)] public long? Next { get; init; }
}
