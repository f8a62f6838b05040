namespace Broker.Admin;

/// <summary>All brokers.</summary>
/// <param name="Sample">The brokers.</param>
/// <param name="Lookups">Lookup services that each of them should be known to; none when they are asked directly.</param>
public sealed record NodesModel(ClusterSample Sample, IReadOnlyList<string> Lookups);
