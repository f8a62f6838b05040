using Orleans;

namespace Broker.Gateways;

/// <summary>Messages of one channel for consumers of one gateway.</summary>
[GenerateSerializer, Immutable, Alias("Broker.Delivery")]
public sealed class Delivery
{
    /// <summary>The channel's grain key.</summary>
    [Id(0)] public required string ChannelKey { get; init; }

    /// <summary>The channel's incarnation.</summary>
    [Id(1)] public required long Incarnation { get; init; }

    /// <summary>Runs of messages in the order in which they are to be sent.</summary>
    [Id(2)] public required DeliveryRun[] Runs { get; init; }
}
