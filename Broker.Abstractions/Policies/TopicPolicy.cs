using System.Text.Json.Serialization;
using Orleans;

namespace Broker.Policies;

/// <summary>What a topic does differently from what the broker does with all topics.</summary>
[GenerateSerializer, Immutable, Alias("Broker.TopicPolicy")]
public sealed record TopicPolicy
{
    /// <summary>Nothing is said.</summary>
    public static TopicPolicy None { get; } = new();

    /// <summary>What holds where nobody says anything: messages of any number and of the size that the gateways take.</summary>
    public static TopicPolicy Default { get; } = new() { Channels = ChannelPolicy.Default, PublishRate = 0 };

    /// <summary>What holds for its channels where they say nothing themselves.</summary>
    [Id(0)] public ChannelPolicy Channels { get; init; } = ChannelPolicy.None;

    /// <summary>Greatest body of a message in bytes, from 1; that of the gateway's <c>--max-msg-size</c> holds as well.</summary>
    [Id(20), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxMessageSize { get; init; }

    /// <summary>Messages that may be published in a second, by all publishers together, from 0.001; 0 for no limit.</summary>
    [Id(21), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PublishRate { get; init; }

    /// <summary>What holds when this says nothing where <paramref name="below"/> says something.</summary>
    public TopicPolicy Over(TopicPolicy below) => new()
    {
        Channels = Channels.Over(below.Channels),
        MaxMessageSize = MaxMessageSize ?? below.MaxMessageSize,
        PublishRate = PublishRate ?? below.PublishRate,
    };
}
