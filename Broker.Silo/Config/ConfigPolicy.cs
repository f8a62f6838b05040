namespace Broker.Silo.Config;

/// <summary>A <c>[[policy]]</c> of a config file: what it says of topics of some names.</summary>
/// <param name="Line">Line on which it begins, from 1.</param>
/// <param name="Topics">The patterns of names.</param>
/// <param name="Json">What it says, as it would be sent to <c>/topic/policy</c>.</param>
public sealed record ConfigPolicy(int Line, IReadOnlyList<string> Topics, string Json);
