namespace Broker.Silo.Flags;

/// <summary>What was written for a flag, once or several times, and where, as the operator would look for it.</summary>
public sealed record FlagValue(string Origin, IReadOnlyList<string> Texts);
