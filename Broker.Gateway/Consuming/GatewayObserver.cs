using Broker.Events;
using Broker.Gateway.Events;
using Broker.Gateways;

namespace Broker.Gateway.Consuming;

/// <summary>What channels and the directory call. It only hands over to connections' queues: no slow client holds up another.</summary>
internal sealed class GatewayObserver(ChannelLinks links, EventFeed events) : IGatewayObserver
{
    /// <inheritdoc/>
    public void Deliver(Delivery delivery)
    {
        long now = links.Wheel.Now;
        foreach (ref readonly DeliveryRun run in delivery.Runs.AsSpan())
            links.FindConsumer(run.Consumer)?.Receive(run, now, delivery.MessageTimeout);
    }

    /// <inheritdoc/>
    public void Close(string channelKey, long incarnation) => links.FindLink(channelKey, incarnation)?.Close();

    /// <inheritdoc/>
    public void Happened(BrokerEvent happened)
    {
        if (happened.Kind == BrokerEventKind.NodeJoined && happened.Node == links.Id)
            events.Begin();
        events.Take(happened);
    }
}
