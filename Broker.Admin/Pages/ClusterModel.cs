namespace Broker.Admin;

/// <summary>What the brokers are made of.</summary>
/// <param name="Sample">The brokers.</param>
/// <param name="Parts">What this process is made of.</param>
/// <param name="Branches">Pages of others that tell more.</param>
public sealed record ClusterModel(ClusterSample Sample, IReadOnlyList<ClusterPart> Parts, IEnumerable<IAdminBranch> Branches);
