namespace Broker.Bench.Guard;

/// <summary>All micro benchmarks beside their baseline.</summary>
/// <param name="Speed">Time of this machine now over that of the baseline: the median over all benchmarks.</param>
/// <param name="Verdicts">Each of them, by name.</param>
internal sealed record GuardReport(double Speed, IReadOnlyList<GuardVerdict> Verdicts)
{
    // Allocations hardly vary: a collection in between, a buffer that grows once.
    private const double AllocationMargin = 1.25;
    private const double AllocationSlackBytes = 2;

    // Short runs on a busy machine vary by a half.
    private const double TimeMargin = 2;

    /// <summary>Whether any benchmark allocates more than it may. Times are only told: they are the machine's as well.</summary>
    public bool IsBroken => Verdicts.Any(verdict => verdict.AllocatesMore);

    /// <summary>Compares a run with the baseline.</summary>
    public static GuardReport Compare(IReadOnlyDictionary<string, GuardedFigure> baseline, IReadOnlyDictionary<string, GuardedFigure> run)
    {
        double[] ratios = [.. run.Where(one => baseline.ContainsKey(one.Key)).Select(one => one.Value.Nanoseconds / baseline[one.Key].Nanoseconds).Order()];
        double speed = ratios.Length == 0 ? 1 : ratios[ratios.Length / 2];
        return new GuardReport(
            speed,
            [
                .. from name in baseline.Keys.Union(run.Keys).Order(StringComparer.Ordinal)
                   let before = baseline.GetValueOrDefault(name)
                   let now = run.GetValueOrDefault(name)
                   select new GuardVerdict(
                       name,
                       before,
                       now,
                       before is not null && now is not null && now.AllocatedBytes > (before.AllocatedBytes * AllocationMargin) + AllocationSlackBytes,
                       before is not null && now is not null && now.Nanoseconds > before.Nanoseconds * speed * TimeMargin),
            ]);
    }
}
