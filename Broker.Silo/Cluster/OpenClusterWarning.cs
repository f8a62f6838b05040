using Broker.Silo.Settings;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Silo.Cluster;

/// <summary>Says at the start that whoever reaches the ports of the cluster can call every grain.</summary>
/// <param name="settings">What the operator chose.</param>
/// <param name="logger">The log.</param>
internal sealed partial class OpenClusterWarning(BrokerSettings settings, ILogger<OpenClusterWarning> logger) : IHostedService
{
    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        ClusterSettings cluster = settings.Cluster;
        Open(cluster.SiloPort, cluster.GatewayPort);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(6040, LogLevel.Warning,
        "whoever reaches port {SiloPort} or {GatewayPort} can read, publish and delete everything: give --cluster-tls-cert, --cluster-tls-key and --cluster-tls-root-ca-file, or see that only this cluster reaches them")]
    private partial void Open(int siloPort, int gatewayPort);
}
