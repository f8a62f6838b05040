using Orleans;

namespace Broker.Channels;

/// <summary>A message of a channel as it stood when it was looked at.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PeekedMessage")]
public sealed class PeekedMessage
{
    /// <summary>Its id (<see cref="Messages.MessageId"/>).</summary>
    [Id(0)] public required ulong Id { get; init; }

    /// <summary>Where it stands.</summary>
    [Id(1)] public required MessageStage Stage { get; init; }

    /// <summary>When it was published, in nanoseconds since the Unix epoch.</summary>
    [Id(2)] public required long Timestamp { get; init; }

    /// <summary>Deliveries so far, 0 to 65535.</summary>
    [Id(3)] public required ushort Attempts { get; init; }

    /// <summary>When it is due, in milliseconds since the Unix epoch; 0 unless it is deferred.</summary>
    [Id(4)] public long Due { get; init; }

    /// <summary>When it times out, in milliseconds since the Unix epoch; 0 unless it is in flight.</summary>
    [Id(5)] public long Deadline { get; init; }

    /// <summary>The gateway of the consumer that has it; null unless it is in flight.</summary>
    [Id(6)] public string? Gateway { get; init; }

    /// <summary>Number of that consumer within its gateway.</summary>
    [Id(7)] public int Consumer { get; init; }

    /// <summary>Bytes of its body.</summary>
    [Id(8)] public required int Size { get; init; }

    /// <summary>The body, or the beginning of it.</summary>
    [Id(9)] public required byte[] Body { get; init; }
}
