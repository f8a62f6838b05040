using System.Globalization;
using Broker.Admin;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Broker.Silo.Cluster;

/// <summary>The silos of the cluster and their grains, as the admin web's cluster page tells them.</summary>
/// <param name="grains">Where the silos are asked for.</param>
/// <param name="metadata">Knows what silos say of themselves.</param>
/// <param name="cluster">The cluster's name.</param>
internal sealed class ClusterParts(IGrainFactory grains, ISiloMetadataCache metadata, IOptions<ClusterOptions> cluster)
{
    /// <summary>The broker's version in what a silo says of itself.</summary>
    public const string VersionKey = "broker.version";

    /// <summary>Asks for all of them.</summary>
    public async ValueTask<IReadOnlyList<ClusterPart>> DescribeAsync(CancellationToken cancellation)
    {
        IManagementGrain management = grains.GetGrain<IManagementGrain>(0);
        MembershipEntry[] silos = await management.GetDetailedHosts(onlyActive: true).WaitAsync(cancellation);
        SimpleGrainStatistic[] activations = await management.GetSimpleGrainStatistics().WaitAsync(cancellation);
        List<ClusterPart> parts = [new("Cluster", "id", cluster.Value.ClusterId)];
        foreach (MembershipEntry silo in silos.OrderBy(silo => silo.SiloName, StringComparer.Ordinal))
        {
            string version = metadata.GetSiloMetadata(silo.SiloAddress).Metadata.GetValueOrDefault(VersionKey, "unknown");
            parts.Add(new("Cluster", silo.SiloName, string.Create(
                CultureInfo.InvariantCulture,
                $"{silo.SiloAddress.Endpoint}, version {version}, since {silo.StartTime:yyyy-MM-dd HH:mm:ss} UTC, {CountIn(activations, silo.SiloAddress)} grains")));
        }
        foreach (IGrouping<string, SimpleGrainStatistic> type in activations
            .Where(grain => grain.GrainType.StartsWith("Broker.", StringComparison.Ordinal))
            .GroupBy(grain => grain.GrainType.Split(',')[0].Split('.')[^1])
            .OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            parts.Add(new("Grains", type.Key, type.Sum(grain => grain.ActivationCount).ToString(CultureInfo.InvariantCulture)));
        }
        return parts;
    }

    private static int CountIn(SimpleGrainStatistic[] activations, SiloAddress silo) =>
        activations.Where(grain => grain.SiloAddress.Equals(silo)).Sum(grain => grain.ActivationCount);
}
