using Broker.Events;
using Orleans;

namespace Broker.Gateways;

/// <summary>What a gateway hears from channels and from the directory. Calls only enqueue: they never wait for a socket.</summary>
[Alias("Broker.IGatewayObserver")]
public interface IGatewayObserver : IGrainObserver
{
    /// <summary>Messages for consumers of this gateway. Lost calls are harmless: the messages time out, come again, and give back their window.</summary>
    [Alias("Deliver")] void Deliver(Delivery delivery);

    /// <summary>The channel is gone: the consumers' connections are to be closed without an error frame (spec 1.6).</summary>
    [Alias("Close")] void Close(string channelKey, long incarnation);

    /// <summary>
    /// Something has happened in the broker; told by the directory to each gateway that it knows. That the gateway itself has joined is the first that it
    /// is told: what happened before, it finds by looking.
    /// </summary>
    [Alias("Happened")] void Happened(BrokerEvent happened);
}
