namespace Broker.Admin;

/// <summary>The lookup services and what they remember that no broker has.</summary>
/// <param name="Lookups">The lookup services; none when brokers are asked directly.</param>
/// <param name="Inactive">Topics that no broker has, and their channels.</param>
/// <param name="Unshown">How many more of them there are.</param>
public sealed record LookupModel(IReadOnlyList<string> Lookups, IReadOnlyDictionary<string, List<string>?> Inactive, int Unshown)
{
    /// <summary>Topics that are shown.</summary>
    public const int InactiveAtMost = 200;
}
