using Broker.Gateways;

namespace Broker.Gateway;

/// <summary>What channels call. It only hands over to connections' queues: no slow client holds up another.</summary>
internal sealed class GatewayObserver(NsqGateway gateway) : IGatewayObserver
{
    /// <inheritdoc/>
    public void Deliver(Delivery delivery)
    {
        long now = gateway.Time.GetUtcNow().ToUnixTimeMilliseconds();
        foreach (ref readonly DeliveryRun run in delivery.Runs.AsSpan())
            gateway.FindConsumer(run.Consumer)?.Receive(run, now);
    }

    /// <inheritdoc/>
    public void Close(string channelKey, long incarnation) => gateway.FindLink(channelKey, incarnation)?.Close();
}
