using System.Text.Json.Serialization;
using Orleans;

namespace Broker.Policies;

/// <summary>What a channel does differently from what its topic, or the broker, says of all channels. What is null is not said here.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ChannelPolicy")]
public sealed record ChannelPolicy
{
    /// <summary>A value of <see cref="DeadLetter"/>: the message becomes a dead letter of its channel.</summary>
    public const string Keep = "keep";

    /// <summary>A value of <see cref="DeadLetter"/> and <see cref="Expired"/>: the message is discarded and counted.</summary>
    public const string Drop = "drop";

    /// <summary>What a value of <see cref="DeadLetter"/> begins with that names a topic: the message is published there.</summary>
    public const string TopicPrefix = "topic:";

    /// <summary>A value of <see cref="Expired"/>: the message goes where <see cref="DeadLetter"/> says.</summary>
    public const string DeadLettered = "dead_letter";

    /// <summary>Nothing is said.</summary>
    public static ChannelPolicy None { get; } = new();

    /// <summary>What holds where nobody says anything: as many attempts as it takes, each at once after the one before; no rate, no bound and no age.</summary>
    public static ChannelPolicy Default { get; } = new()
    {
        MaxAttempts = 0,
        DeadLetter = Keep,
        RetryDelay = new RetryDelay(0, 1, 0),
        MaxDead = 100_000,
        MaxDeadBytes = 256 << 20,
        DeliveryRate = 0,
        MaxAge = 0,
        Expired = Drop,
        MaxInFlight = 0,
    };

    /// <summary>Deliveries after which a message that is requeued or times out is given up, 1 to 65535; 0 for no limit.</summary>
    [Id(0), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxAttempts { get; init; }

    /// <summary>What becomes of a message that is given up: <see cref="Keep"/>, <see cref="Drop"/>, or <see cref="TopicPrefix"/> and a topic.</summary>
    [Id(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DeadLetter { get; init; }

    /// <summary>How long a message that is requeued without a delay, or times out, waits until it is delivered again.</summary>
    [Id(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RetryDelay? RetryDelay { get; init; }

    /// <summary>The topic that messages that are given up are published to; null for none.</summary>
    [JsonIgnore]
    public string? DeadLetterTopic =>
        DeadLetter is { } value && value.StartsWith(TopicPrefix, StringComparison.Ordinal) ? value[TopicPrefix.Length..] : null;

    /// <summary>Dead letters that the channel keeps, from 1; the oldest make room for more.</summary>
    [Id(10), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxDead { get; init; }

    /// <summary>Bytes that the channel's dead letters take, from 1; the oldest make room for more, the last one too when it is greater by itself.</summary>
    [Id(11), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxDeadBytes { get; init; }

    /// <summary>Messages that are delivered in a second at most, to all consumers together, from 0.001; 0 for no limit.</summary>
    [Id(20), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? DeliveryRate { get; init; }

    /// <summary>Milliseconds from its publish after which a message that waits has expired and is not delivered any more; 0 for never.</summary>
    [Id(21), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MaxAge { get; init; }

    /// <summary>Messages that may be in flight at once with all consumers together; 0 for no limit but RDY.</summary>
    [Id(22), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxInFlight { get; init; }

    /// <summary>Message timeout, in milliseconds, of consumers that ask for none by IDENTIFY; null for the default of their gateway.</summary>
    [Id(23), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MsgTimeout { get; init; }

    /// <summary>What becomes of a message that has expired: <see cref="Drop"/> or <see cref="DeadLettered"/>.</summary>
    [Id(24), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Expired { get; init; }

    /// <summary>What holds when this says nothing where <paramref name="below"/> says something.</summary>
    public ChannelPolicy Over(ChannelPolicy below) => new()
    {
        MaxAttempts = MaxAttempts ?? below.MaxAttempts,
        DeadLetter = DeadLetter ?? below.DeadLetter,
        RetryDelay = RetryDelay ?? below.RetryDelay,
        MaxDead = MaxDead ?? below.MaxDead,
        MaxDeadBytes = MaxDeadBytes ?? below.MaxDeadBytes,
        DeliveryRate = DeliveryRate ?? below.DeliveryRate,
        MaxAge = MaxAge ?? below.MaxAge,
        Expired = Expired ?? below.Expired,
        MaxInFlight = MaxInFlight ?? below.MaxInFlight,
        MsgTimeout = MsgTimeout ?? below.MsgTimeout,
    };
}
