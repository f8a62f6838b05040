using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Broker.Client;

/// <summary>Whether a producer reaches a server.</summary>
internal sealed class ProducerHealthCheck(NsqProducer producer) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await producer.PingAsync(cancellationToken).ConfigureAwait(false);
            return HealthCheckResult.Healthy($"connected to {producer.ConnectedTo}");
        }
        catch (Exception e) when (e is NsqException or ObjectDisposedException)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, e.Message, e);
        }
    }
}
