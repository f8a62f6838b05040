using System.Text.Json.Serialization;
using Orleans;

namespace Broker.Policies;

/// <summary>What a topic does differently from what the broker does with all topics.</summary>
[GenerateSerializer, Immutable, Alias("Broker.TopicPolicy")]
public sealed record TopicPolicy
{
    /// <summary>A value of <see cref="OnFull"/>: publishing is refused.</summary>
    public const string Refuse = "refuse";

    /// <summary>A value of <see cref="OnFull"/>: the oldest messages make room, whichever channels have yet to deliver them.</summary>
    public const string DropOldest = "drop_oldest";

    /// <summary>Nothing is said.</summary>
    public static TopicPolicy None { get; } = new();

    /// <summary>What holds where nobody says anything: messages of any number and age, of the size that the gateways take.</summary>
    public static TopicPolicy Default { get; } = new() { Channels = ChannelPolicy.Default, MaxAge = 0, MaxBytes = 0, OnFull = Refuse, PublishRate = 0 };

    /// <summary>What holds for its channels where they say nothing themselves.</summary>
    [Id(0)] public ChannelPolicy Channels { get; init; } = ChannelPolicy.None;

    /// <summary>Greatest body of a message in bytes, from 1; that of the gateway's <c>--max-msg-size</c> holds as well.</summary>
    [Id(20), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxMessageSize { get; init; }

    /// <summary>Messages that may be published in a second, by all publishers together, from 0.001; 0 for no limit.</summary>
    [Id(21), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? PublishRate { get; init; }

    /// <summary>Milliseconds from its publish after which a message that waits has expired, in every channel and in the topic itself; 0 for never.</summary>
    [Id(22), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxAge { get; init; }

    /// <summary>Bytes that the topic's log may take; 0 for no limit but the broker's.</summary>
    [Id(23), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxBytes { get; init; }

    /// <summary>What happens when the log takes <see cref="MaxBytes"/>: <see cref="Refuse"/> or <see cref="DropOldest"/>.</summary>
    [Id(24), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? OnFull { get; init; }

    /// <summary>What holds when this says nothing where <paramref name="below"/> says something.</summary>
    public TopicPolicy Over(TopicPolicy below) => new()
    {
        Channels = Channels.Over(below.Channels),
        MaxAge = MaxAge ?? below.MaxAge,
        MaxBytes = MaxBytes ?? below.MaxBytes,
        MaxMessageSize = MaxMessageSize ?? below.MaxMessageSize,
        OnFull = OnFull ?? below.OnFull,
        PublishRate = PublishRate ?? below.PublishRate,
    };
}
