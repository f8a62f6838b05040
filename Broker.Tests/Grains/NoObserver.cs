using Broker.Events;
using Broker.Gateways;

namespace Broker.Tests.Grains;

/// <summary>A gateway that is told nothing: a queue delivers into outboxes.</summary>
internal sealed class NoObserver : IGatewayObserver
{
    public void Deliver(Delivery delivery) => throw new NotSupportedException("the queue delivers into outboxes");

    public void Close(string channelKey, long incarnation) => throw new NotSupportedException("the queue closes nothing");

    public void Happened(BrokerEvent happened) => throw new NotSupportedException("the queue tells nothing");
}
