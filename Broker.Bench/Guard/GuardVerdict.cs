namespace Broker.Bench.Guard;

/// <summary>What a micro benchmark costs beside what it did when the baseline was written.</summary>
/// <param name="Name">The benchmark with its parameters.</param>
/// <param name="Before">The baseline; null for a new benchmark.</param>
/// <param name="Now">This run; null for a benchmark that is gone.</param>
/// <param name="AllocatesMore">Whether it allocates more than the margin allows.</param>
/// <param name="TakesLonger">Whether it takes longer than the margin allows, beside the other benchmarks of this run.</param>
internal sealed record GuardVerdict(string Name, GuardedFigure? Before, GuardedFigure? Now, bool AllocatesMore, bool TakesLonger);
