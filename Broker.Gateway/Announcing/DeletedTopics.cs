using Broker.Gateway.Connections;
using Microsoft.Extensions.Hosting;

namespace Broker.Gateway.Announcing;

/// <summary>Has the gateway let go of what it keeps for topics that were deleted.</summary>
internal sealed class DeletedTopics(BrokerTopology topology, NsqGateway gateway) : IHostedService
{
    /// <summary>Begins to listen.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        topology.Subscribe(topic =>
        {
            if (topology.FindChannels(topic) is null)
                gateway.Forget(topic);
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
