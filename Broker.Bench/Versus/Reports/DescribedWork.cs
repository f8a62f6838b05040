namespace Broker.Bench.Versus.Reports;

/// <summary>A work in words.</summary>
internal sealed record DescribedWork(string Name, string Text);
