using Broker.Orleans.Streaming.Queues;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Watching;

/// <summary>Says how a stream provider is.</summary>
internal sealed class BrokerStreamsHealthCheck(IServiceProvider services, string provider) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (services.GetKeyedService<IQueueAdapterFactory>(provider) is not BrokerQueueAdapterFactory factory)
            return Task.FromResult(HealthCheckResult.Unhealthy($"There is no stream provider \"{provider}\" on a broker: add it by AddBrokerStreams."));
        BrokerPresence presence = factory.Adapter.Presence;
        Dictionary<string, object> data = new() { ["held"] = factory.Adapter.Held };
        HealthCheckResult result = presence switch
        {
            { RefusedBecause: { } reason } => HealthCheckResult.Unhealthy(reason, data: data),
            { AwayBecause: { } reason } => HealthCheckResult.Degraded(reason, data: data),
            _ => HealthCheckResult.Healthy(data: data),
        };
        return Task.FromResult(result);
    }
}
