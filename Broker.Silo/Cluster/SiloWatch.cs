using Broker.Gateway.Connections;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>Has the gateway in this silo look after its channels when another silo has gone.</summary>
/// <param name="membership">Knows which silos come and go.</param>
/// <param name="gateway">The gateway.</param>
internal sealed class SiloWatch(ISiloStatusOracle membership, NsqGateway gateway) : IHostedService, ISiloStatusListener
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        membership.SubscribeToSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        membership.UnSubscribeFromSiloStatusEvents(this);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status)
    {
        if (status == SiloStatus.Dead && !updatedSilo.Equals(membership.SiloAddress))
            ThreadPool.UnsafeQueueUserWorkItem(static gateway => gateway.KnockAtChannels(), gateway, preferLocal: false);
    }
}
