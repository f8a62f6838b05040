using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>What was seen of a channel.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PeekReply")]
public sealed class PeekReply
{
    /// <summary>How it ended.</summary>
    [Id(0)] public TopicStatus Status { get; init; }

    /// <summary>With <see cref="TopicStatus.Failed"/>: the cause in one line.</summary>
    [Id(1)] public string? Error { get; init; }

    /// <summary>The messages, in the order of their ids.</summary>
    [Id(2)] public PeekedMessage[] Messages { get; init; } = [];

    /// <summary>Id of the last message when there are more behind it; else null.</summary>
    [Id(3)] public ulong? Next { get; init; }
}
