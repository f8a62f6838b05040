namespace Broker.Admin;

/// <summary>Something that the cluster page tells of this process: what it is made of.</summary>
/// <param name="Group">Under which heading.</param>
/// <param name="Name">What it is.</param>
/// <param name="Value">How it is.</param>
public sealed record ClusterPart(string Group, string Name, string Value);
