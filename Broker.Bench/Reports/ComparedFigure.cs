namespace Broker.Bench.Reports;

/// <summary>One figure of two servers.</summary>
/// <param name="Name">What it is, with its unit.</param>
/// <param name="A">Median over the runs on the first.</param>
/// <param name="B">Median over the runs on the second.</param>
/// <param name="Ratio">B over A; null where A is 0.</param>
public sealed record ComparedFigure(string Name, double A, double B, double? Ratio);
