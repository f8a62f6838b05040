namespace Broker.Gateway.Http.Metrics;

/// <summary>The durations or sizes of one series by buckets. Any thread may add; no lock, as each batch of messages passes here.</summary>
/// <param name="bounds">Upper bounds, ascending.</param>
internal sealed class HistogramSeries(double[] bounds)
{
    private readonly long[] _counts = new long[bounds.Length + 1];
    private double _sum;

    /// <summary>Adds a value.</summary>
    public void Add(double value)
    {
        int index = Array.BinarySearch(bounds, value);
        Interlocked.Increment(ref _counts[index < 0 ? ~index : index]);
        double seen = Volatile.Read(ref _sum);
        while (true)
        {
            double before = Interlocked.CompareExchange(ref _sum, seen + value, seen);
            if (before == seen)
                return;
            seen = before;
        }
    }

    /// <summary>The series as it is now.</summary>
    public MetricSample Read(string labels)
    {
        (double, long)[] buckets = new (double, long)[_counts.Length];
        long count = 0;
        for (int i = 0; i < buckets.Length; i++)
            buckets[i] = (i < bounds.Length ? bounds[i] : double.PositiveInfinity, count += Interlocked.Read(ref _counts[i]));
        return new MetricSample(labels, Volatile.Read(ref _sum), buckets);
    }
}
