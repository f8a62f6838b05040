using Orleans;

namespace Broker.Channels;

/// <summary>Figures of one consumer of a channel; what the connection knows of itself the gateway adds.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ConsumerStats")]
public sealed class ConsumerStats
{
    /// <summary>The gateway's id.</summary>
    [Id(0)] public required string Gateway { get; init; }

    /// <summary>Number of the consumer within its gateway.</summary>
    [Id(1)] public required int Consumer { get; init; }

    /// <summary>RDY.</summary>
    [Id(2)] public int Ready { get; init; }

    /// <summary>Messages out with it.</summary>
    [Id(3)] public long InFlight { get; init; }

    /// <summary>Messages delivered to it.</summary>
    [Id(4)] public long Delivered { get; init; }

    /// <summary>FINs.</summary>
    [Id(5)] public long Finished { get; init; }

    /// <summary>REQs.</summary>
    [Id(6)] public long Requeued { get; init; }
}
