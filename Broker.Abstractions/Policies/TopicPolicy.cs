using Orleans;

namespace Broker.Policies;

/// <summary>What a topic does differently from what the broker does with all topics.</summary>
[GenerateSerializer, Immutable, Alias("Broker.TopicPolicy")]
public sealed record TopicPolicy
{
    /// <summary>Nothing is said.</summary>
    public static TopicPolicy None { get; } = new();

    /// <summary>What holds for its channels where they say nothing themselves.</summary>
    [Id(0)] public ChannelPolicy Channels { get; init; } = ChannelPolicy.None;

    /// <summary>What holds when this says nothing where <paramref name="below"/> says something.</summary>
    public TopicPolicy Over(TopicPolicy below) => new()
    {
        Channels = Channels.Over(below.Channels),
    };
}
