using Orleans;

namespace Broker.Gateways;

/// <summary>Messages of one channel for consumers of one gateway.</summary>
/// <remarks>
/// Within a process its runs share the batches of the channel. To another process it goes by way of a <see cref="DeliverySurrogate"/>, which has
/// the bytes of the runs only.
/// </remarks>
[Immutable]
public sealed class Delivery
{
    /// <summary>The channel's grain key.</summary>
    public required string ChannelKey { get; init; }

    /// <summary>The channel's incarnation.</summary>
    public required long Incarnation { get; init; }

    /// <summary>Runs of messages in the order in which they are to be sent.</summary>
    public required DeliveryRun[] Runs { get; init; }

    /// <summary>Message timeout, in milliseconds, of consumers that asked for none; 0 for the default of their gateway.</summary>
    public int MessageTimeout { get; init; }
}
