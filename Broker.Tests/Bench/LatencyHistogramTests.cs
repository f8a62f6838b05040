using Broker.Bench.Measuring;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Bench;

public sealed class LatencyHistogramTests
{
    private static readonly Gen<long> AnyLatency = Gen.OneOf(
        Gen.Choose(0, 1000).Select(value => (long)value),
        Gen.Choose(0, int.MaxValue).Select(value => (long)value),
        from bits in Gen.Choose(0, 41)
        from nudge in Gen.Choose(-2, 2)
        select Math.Max(0, (1L << bits) + nudge));

    private static readonly Arbitrary<(long[] Latencies, double Percent)> AnyQuestion =
        (from latencies in AnyLatency.NonEmptyListOf()
         from permille in Gen.Choose(1, 1000)
         select (latencies.ToArray(), permille / 10.0)).ToArbitrary();

    [Fact]
    public void A_percentile_is_the_sorted_one_or_a_little_more() => Prop.ForAll(AnyQuestion, question =>
    {
        LatencyHistogram histogram = Of(question.Latencies);
        AssertClose(Oracle(question.Latencies, question.Percent), histogram.Percentile(question.Percent));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Count_mean_and_maximum_are_exact() => Prop.ForAll(AnyQuestion, question =>
    {
        LatencyHistogram histogram = Of(question.Latencies);
        Assert.Equal(question.Latencies.Length, histogram.Count);
        Assert.Equal(question.Latencies.Max(), histogram.Max);
        Assert.Equal(question.Latencies.Max(), histogram.Percentile(100));
        Assert.Equal(question.Latencies.Average(), histogram.Mean, tolerance: Math.Max(1, histogram.Max) * 1e-9);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Adding_up_gives_what_one_histogram_would_have_seen() => Prop.ForAll(AnyQuestion, question =>
    {
        int half = question.Latencies.Length / 2;
        LatencyHistogram sum = Of(question.Latencies[..half]);
        sum.Add(Of(question.Latencies[half..]));
        LatencyHistogram whole = Of(question.Latencies);
        Assert.Equal(whole.Count, sum.Count);
        Assert.Equal(whole.Max, sum.Max);
        Assert.Equal(whole.Percentile(question.Percent), sum.Percentile(question.Percent));
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Short_latencies_are_exact()
    {
        LatencyHistogram histogram = Of([.. Enumerable.Range(1, 100).Select(value => (long)value)]);
        Assert.Equal(50, histogram.Percentile(50));
        Assert.Equal(99, histogram.Percentile(99));
        Assert.Equal(1, histogram.Percentile(0.001));
    }

    [Fact]
    public void Latencies_beyond_the_range_keep_the_exact_maximum()
    {
        LatencyHistogram histogram = Of([1, LatencyHistogram.LongestTracked, long.MaxValue]);
        Assert.Equal(long.MaxValue, histogram.Max);
        Assert.Equal(long.MaxValue, histogram.Percentile(99));
        Assert.Equal(1, histogram.Percentile(33));
    }

    [Fact]
    public void A_negative_latency_counts_as_none()
    {
        LatencyHistogram histogram = Of([-5]);
        Assert.Equal(1, histogram.Count);
        Assert.Equal(0, histogram.Percentile(100));
    }

    [Fact]
    public void An_empty_histogram_has_no_summary()
    {
        Assert.Equal(0, new LatencyHistogram().Percentile(50));
        Assert.Null(LatencySummary.Of(new LatencyHistogram()));
    }

    [Fact]
    public void A_summary_is_in_microseconds()
    {
        LatencySummary? summary = LatencySummary.Of(Of([2_000, 2_000, 2_000, 9_000]));
        Assert.NotNull(summary);
        Assert.Equal(4, summary.Count);
        Assert.Equal(3.75, summary.MeanUs);
        Assert.InRange(summary.P50Us, 2.0, 2.0 * (1 + 1.0 / LatencyHistogram.Precision));
        Assert.Equal(9, summary.MaxUs);
    }

    private static LatencyHistogram Of(long[] latencies)
    {
        LatencyHistogram histogram = new();
        foreach (long latency in latencies)
            histogram.Record(latency);
        return histogram;
    }

    private static long Oracle(long[] latencies, double percent)
    {
        long[] sorted = [.. latencies.Order()];
        return sorted[Math.Max(1, (int)Math.Ceiling(percent / 100 * sorted.Length)) - 1];
    }

    private static void AssertClose(long exact, long actual) =>
        Assert.InRange(actual, exact, exact + exact / LatencyHistogram.Precision + 1);
}
