namespace Broker.Admin;

/// <summary>The lookup services and what they remember that no broker has.</summary>
/// <param name="Lookups">The lookup services; none when brokers are asked directly.</param>
/// <param name="Inactive">Topics that no broker has, and their channels.</param>
public sealed record LookupModel(IReadOnlyList<string> Lookups, IReadOnlyDictionary<string, List<string>?> Inactive);
