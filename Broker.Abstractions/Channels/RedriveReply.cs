using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>How far a redrive is.</summary>
[GenerateSerializer, Immutable, Alias("Broker.RedriveReply")]
public sealed class RedriveReply
{
    /// <summary>How the call ended.</summary>
    [Id(0)] public TopicStatus Status { get; init; }

    /// <summary>With <see cref="TopicStatus.Failed"/>: the cause in one line.</summary>
    [Id(1)] public string? Error { get; init; }

    /// <summary>The redrive that is under way, or the last one since the channel was activated; null for none.</summary>
    [Id(2)] public Redrive? Redrive { get; init; }

    /// <summary>Whether it is under way.</summary>
    [Id(3)] public bool IsRunning { get; init; }

    /// <summary>Messages that were sent back since it was started or the channel was activated, whichever was later.</summary>
    [Id(4)] public long Sent { get; init; }

    /// <summary>Dead letters that were looked at since then.</summary>
    [Id(5)] public long LookedAt { get; init; }

    /// <summary>Dead letters that were there then.</summary>
    [Id(6)] public long Total { get; init; }
}
