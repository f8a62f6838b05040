using Broker.Policies;
using Orleans;

namespace Broker.Topics;

/// <summary>The policies of a topic and, where it was asked for, of one of its channels.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PolicyReply")]
public sealed class PolicyReply
{
    /// <summary>How the call ended; the other members count only when it is <see cref="TopicStatus.Ok"/>.</summary>
    [Id(0)] public TopicStatus Status { get; init; }

    /// <summary>With <see cref="TopicStatus.Failed"/>: the cause in one line.</summary>
    [Id(1)] public string? Error { get; init; }

    /// <summary>What the topic's record says of the topic.</summary>
    [Id(2)] public TopicPolicy Topic { get; init; } = TopicPolicy.None;

    /// <summary>What the topic's record says of the channel.</summary>
    [Id(3)] public ChannelPolicy Channel { get; init; } = ChannelPolicy.None;

    /// <summary>What the broker does with channels where neither says anything.</summary>
    [Id(4)] public ChannelPolicy Broker { get; init; } = ChannelPolicy.Default;

    /// <summary>What the configuration says of topics of this name: the first who says something is right.</summary>
    [Id(20)] public PatternPolicy[] Patterns { get; init; } = [];
}
