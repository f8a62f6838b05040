using Broker.Gateway.Telemetry;
using Broker.Health;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>Whether this silo is part of its cluster.</summary>
/// <param name="membership">Knows how the cluster sees it.</param>
/// <param name="silo">This silo.</param>
internal sealed class SiloCheck(IClusterMembershipService membership, ILocalSiloDetails silo) : IReadinessCheck
{
    /// <inheritdoc/>
    public string Name => "cluster";

    /// <inheritdoc/>
    public ValueTask<string?> CheckAsync(CancellationToken cancellation) => new(membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) switch
    {
        SiloStatus.Active => null,
        SiloStatus.ShuttingDown or SiloStatus.Stopping => "the silo is leaving the cluster",
        SiloStatus.Dead => "the other silos consider this one dead; it ends, and must be started again",
        _ => "the silo has not joined the cluster yet",
    });
}
