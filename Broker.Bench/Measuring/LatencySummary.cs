namespace Broker.Bench.Measuring;

/// <summary>What a histogram comes down to; times in microseconds.</summary>
public sealed record LatencySummary(long Count, double MeanUs, double P50Us, double P90Us, double P99Us, double P999Us, double MaxUs)
{
    private const double NanosecondsPerMicrosecond = 1000;

    /// <summary>Null when nothing was recorded, for then there is nothing to say.</summary>
    public static LatencySummary? Of(LatencyHistogram histogram) => histogram.Count == 0
        ? null
        : new LatencySummary(
            histogram.Count,
            histogram.Mean / NanosecondsPerMicrosecond,
            histogram.Percentile(50) / NanosecondsPerMicrosecond,
            histogram.Percentile(90) / NanosecondsPerMicrosecond,
            histogram.Percentile(99) / NanosecondsPerMicrosecond,
            histogram.Percentile(99.9) / NanosecondsPerMicrosecond,
            histogram.Max / NanosecondsPerMicrosecond);
}
