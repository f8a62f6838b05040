using Broker.Policies;
using Broker.Topics;
using Orleans;

namespace Broker.Channels;

/// <summary>What the topic's record says of a channel.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ChannelReply")]
public sealed class ChannelReply
{
    /// <summary>How the call ended; the other members count only when it is <see cref="TopicStatus.Ok"/>.</summary>
    [Id(0)] public TopicStatus Status { get; init; }

    /// <summary>With <see cref="TopicStatus.Failed"/>: the cause in one line.</summary>
    [Id(1)] public string? Error { get; init; }

    /// <summary>Which making of the channel this is; counts up within the topic's record.</summary>
    [Id(2)] public long Incarnation { get; init; }

    /// <summary>The first offset that belongs to the channel.</summary>
    [Id(3)] public long Start { get; init; }

    /// <summary>One past the last offset that the topic has handed over to its channels.</summary>
    [Id(4)] public long End { get; init; }

    /// <summary>Whether the channel is paused.</summary>
    [Id(5)] public bool Paused { get; init; }

    /// <summary>Shared part of the ids of the topic's messages (<see cref="Messages.MessageId.Prefix"/>).</summary>
    [Id(6)] public ulong IdPrefix { get; init; }

    /// <summary>Generation of the topic.</summary>
    [Id(7)] public int Generation { get; init; }

    /// <summary>Whether the channel was open before, in this process or another.</summary>
    [Id(8)] public bool WasOpen { get; init; }

    /// <summary>The policy that holds, with what is inherited; null when an older silo does not know of policies.</summary>
    [Id(9)] public ChannelPolicy? Policy { get; init; }

    /// <summary>The redrive that is under way; null for none.</summary>
    [Id(10)] public Redrive? Redrive { get; init; }
}
