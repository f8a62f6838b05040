using Orleans;

namespace Broker.Channels;

/// <summary>A dead letter as it was looked at.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PeekedDeadLetter")]
public sealed class PeekedDeadLetter
{
    /// <summary>Its number: they are numbered in the order in which they died.</summary>
    [Id(0)] public required long Number { get; init; }

    /// <summary>The message's id (<see cref="Messages.MessageId"/>).</summary>
    [Id(1)] public required ulong Id { get; init; }

    /// <summary>When it was published, in nanoseconds since the Unix epoch.</summary>
    [Id(2)] public required long Timestamp { get; init; }

    /// <summary>Deliveries that it had, 1 to 65535.</summary>
    [Id(3)] public required ushort Attempts { get; init; }

    /// <summary>Why it was given up.</summary>
    [Id(4)] public required DeadCause Cause { get; init; }

    /// <summary>When, in milliseconds since the Unix epoch.</summary>
    [Id(5)] public required long Died { get; init; }

    /// <summary>Address of the consumer that had it last; empty when it is not known.</summary>
    [Id(6)] public required string Address { get; init; }

    /// <summary>Client id of that consumer; empty when it is not known.</summary>
    [Id(7)] public required string ClientId { get; init; }

    /// <summary>Bytes of its body.</summary>
    [Id(8)] public required int Size { get; init; }

    /// <summary>The body, or the beginning of it.</summary>
    [Id(9)] public required byte[] Body { get; init; }
}
