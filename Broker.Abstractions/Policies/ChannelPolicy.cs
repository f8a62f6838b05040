using System.Text.Json.Serialization;
using Orleans;

namespace Broker.Policies;

/// <summary>What a channel does differently from what its topic, or the broker, says of all channels. What is null is not said here.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ChannelPolicy")]
public sealed record ChannelPolicy
{
    /// <summary>A value of <see cref="DeadLetter"/>: the message is discarded and counted.</summary>
    public const string Drop = "drop";

    /// <summary>Nothing is said.</summary>
    public static ChannelPolicy None { get; } = new();

    /// <summary>What holds where nobody says anything: as many attempts as it takes, each at once after the one before.</summary>
    public static ChannelPolicy Default { get; } = new() { MaxAttempts = 0, RetryDelay = new RetryDelay(0, 1, 0) };

    /// <summary>Deliveries after which a message that is requeued or times out is given up, 1 to 65535; 0 for no limit.</summary>
    [Id(0), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxAttempts { get; init; }

    /// <summary>What becomes of a message that is given up: <see cref="Drop"/>. Always said where <see cref="MaxAttempts"/> is not 0.</summary>
    [Id(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? DeadLetter { get; init; }

    /// <summary>How long a message that is requeued without a delay, or times out, waits until it is delivered again.</summary>
    [Id(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RetryDelay? RetryDelay { get; init; }

    /// <summary>What holds when this says nothing where <paramref name="below"/> says something.</summary>
    public ChannelPolicy Over(ChannelPolicy below) => new()
    {
        MaxAttempts = MaxAttempts ?? below.MaxAttempts,
        DeadLetter = DeadLetter ?? below.DeadLetter,
        RetryDelay = RetryDelay ?? below.RetryDelay,
    };
}
