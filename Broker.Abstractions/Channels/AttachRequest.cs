using Broker.Gateways;
using Orleans;

namespace Broker.Channels;

/// <summary>Consumers that one gateway joins to a channel.</summary>
[GenerateSerializer, Immutable, Alias("Broker.AttachRequest")]
public sealed class AttachRequest
{
    /// <summary>The gateway's id, unique to each start of a gateway.</summary>
    [Id(0)] public required string Gateway { get; init; }

    /// <summary>Where deliveries go.</summary>
    [Id(1)] public required IGatewayObserver Observer { get; init; }

    /// <summary>The incarnation that the consumers subscribed to.</summary>
    [Id(2)] public required long Incarnation { get; init; }

    /// <summary>The consumers: one for a SUB, all of the gateway's when it attaches again.</summary>
    [Id(3)] public required ConsumerAttachment[] Consumers { get; init; }

    /// <summary>
    /// True when the gateway attaches again: then <see cref="Consumers"/> replaces all that the channel knew of this gateway, and
    /// the next command batch counts from 1.
    /// </summary>
    [Id(4)] public required bool Again { get; init; }
}
