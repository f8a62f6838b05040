namespace Broker.Admin;

/// <summary>A moment of a history.</summary>
/// <param name="At">When: milliseconds since the Unix epoch.</param>
/// <param name="Counts">How things were.</param>
public readonly record struct FigurePoint(long At, FigureCounts Counts);
