namespace Broker.Silo.Flags;

/// <summary>A flag that is another way to write a second one.</summary>
/// <param name="Flag">Name of the second one, which wins where both are given in the same place.</param>
/// <param name="Translate">The second one's text for this one's; null when it says nothing.</param>
public sealed record FlagAlias(string Flag, Func<string, string?> Translate);
