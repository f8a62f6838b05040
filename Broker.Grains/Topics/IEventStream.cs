using Broker.Events;

namespace Broker.Grains.Topics;

/// <summary>Who hears of what happens beside the gateways, where somebody does.</summary>
public interface IEventStream
{
    /// <summary>Takes an event. Called in turns of the directory; does not wait, and does not fail.</summary>
    void Publish(BrokerEvent happened);
}
