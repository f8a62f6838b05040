using Orleans;

namespace Broker.Channels;

/// <summary>A consumer as its gateway knows it.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ConsumerAttachment")]
public sealed class ConsumerAttachment
{
    /// <summary>Number of the consumer, unique within its gateway.</summary>
    [Id(0)] public required int Consumer { get; init; }

    /// <summary>Message timeout in milliseconds.</summary>
    [Id(1)] public required int MessageTimeout { get; init; }

    /// <summary>0 for all messages; else 1 to 99: messages are kept with (rate + 1) percent (spec 1.10).</summary>
    [Id(2)] public int SampleRate { get; init; }

    /// <summary>How near the consumer is to this broker (spec 1.10).</summary>
    [Id(3)] public Proximity Proximity { get; init; }

    /// <summary>RDY: ceiling of messages in flight.</summary>
    [Id(4)] public int Ready { get; init; }

    /// <summary>
    /// Bytes (bodies) that may yet be sent before the gateway has grown the window again. May be negative: a message is
    /// sent whole when the window is open at all.
    /// </summary>
    [Id(5)] public required long Window { get; init; }

    /// <summary>What is in flight for the consumer, known when the gateway attaches again; in order of delivery.</summary>
    [Id(6)] public InFlightMessage[] InFlight { get; init; } = [];

    /// <summary>
    /// The position up to which the gateway has received what was sent to the consumer: <see cref="Window"/> counts from there, and so do later
    /// positions. Null from an older gateway, which knows no positions.
    /// </summary>
    [Id(7)] public long? Received { get; init; }

    /// <summary>The client's address and port; null from an older gateway.</summary>
    [Id(8)] public string? Address { get; init; }

    /// <summary>The client's id as it gave it (spec 1.5); null from an older gateway.</summary>
    [Id(9)] public string? ClientId { get; init; }

    /// <summary>
    /// Whether <see cref="MessageTimeout"/> is the default of its gateway, because the client asked for none: then that of the channel's policy goes before.
    /// </summary>
    [Id(20)] public bool HasDefaultTimeout { get; init; }
}
