namespace Broker.Orleans.Embedded;

/// <summary>What a call returns that returns nothing.</summary>
internal readonly struct Nothing;
