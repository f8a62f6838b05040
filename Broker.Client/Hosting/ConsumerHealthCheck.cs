using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Broker.Client;

/// <summary>Whether the host's consumers receive.</summary>
internal sealed class ConsumerHealthCheck(IEnumerable<ConsumerService> consumers) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        List<string> unconnected = [.. consumers.Where(service => service.Consumer.ConnectionCount == 0).Select(service => service.Name)];
        if (unconnected.Count > 0)
        {
            return Task.FromResult(new HealthCheckResult(
                context.Registration.FailureStatus, $"no server is connected for {string.Join(", ", unconnected)}"));
        }
        List<string> slow = [.. consumers.Where(service => service.Consumer.IsBackingOff).Select(service => service.Name)];
        return Task.FromResult(slow.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"backing off after failures: {string.Join(", ", slow)}"));
    }
}
