using Orleans;

namespace Broker.Gateways;

/// <summary>A <see cref="Delivery"/> on its way to another process: what is sent are the records of its runs, in one buffer, not the batches they are from.</summary>
[GenerateSerializer, Immutable, Alias("Broker.Delivery")]
public readonly record struct DeliverySurrogate
{
    /// <summary>The channel's grain key.</summary>
    [Id(0)] public required string ChannelKey { get; init; }

    /// <summary>The channel's incarnation.</summary>
    [Id(1)] public required long Incarnation { get; init; }

    /// <summary>The runs, <see cref="RunHeader"/>s back to back in the machine's byte order (little endian).</summary>
    [Id(2)] public required byte[] Runs { get; init; }

    /// <summary>The records of all runs, in the order of the runs.</summary>
    [Id(3)] public required byte[] Records { get; init; }

    /// <summary>The position behind each run (<see cref="DeliveryRun.Sent"/>); null from an older channel.</summary>
    [Id(4)] public long[]? Sent { get; init; }

    /// <summary>Message timeout of consumers that asked for none (<see cref="Delivery.MessageTimeout"/>).</summary>
    [Id(20)] public int MessageTimeout { get; init; }
}
