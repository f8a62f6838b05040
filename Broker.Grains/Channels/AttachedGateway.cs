using Broker.Channels;
using Broker.Gateways;

namespace Broker.Grains.Channels;

/// <summary>A gateway that has consumers on a channel.</summary>
public sealed class AttachedGateway
{
    /// <summary>Makes one.</summary>
    public AttachedGateway(string id, IGatewayObserver observer)
    {
        Id = id;
        Observer = observer;
    }

    /// <summary>The gateway's id.</summary>
    public string Id { get; }

    /// <summary>Where deliveries go.</summary>
    public IGatewayObserver Observer { get; set; }

    /// <summary>Its consumers on the channel by number.</summary>
    public SortedDictionary<int, Consumer> Consumers { get; } = [];

    /// <summary>Deliveries of the turn so far.</summary>
    public List<DeliveryRun> Outbox { get; } = [];

    /// <summary>Number of the last command batch carried out.</summary>
    public long LastSequence { get; set; }

    /// <summary>The answer to that batch, given again to a retry.</summary>
    public CommandReply LastReply { get; set; }

    /// <summary>When it was last heard from, in milliseconds of the steady clock.</summary>
    public long LastHeard { get; set; }
}
