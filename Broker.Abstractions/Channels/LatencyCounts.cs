using Orleans;

namespace Broker.Channels;

/// <summary>How many durations fell into which <see cref="LatencyBucket"/>; those without any are left out.</summary>
[GenerateSerializer, Immutable, Alias("Broker.LatencyCounts")]
public sealed class LatencyCounts
{
    /// <summary>No durations at all.</summary>
    public static LatencyCounts None { get; } = new() { Buckets = [], Counts = [] };

    /// <summary>Indexes of buckets, ascending.</summary>
    [Id(0)] public required int[] Buckets { get; init; }

    /// <summary>How many durations each of <see cref="Buckets"/> holds.</summary>
    [Id(1)] public required long[] Counts { get; init; }

    /// <summary>Number of durations.</summary>
    public long Count => Counts.Sum();

    /// <summary>The counts of several together.</summary>
    public static LatencyCounts Sum(IEnumerable<LatencyCounts> parts)
    {
        SortedDictionary<int, long> sums = [];
        foreach (LatencyCounts part in parts)
        {
            for (int i = 0; i < part.Buckets.Length; i++)
                sums[part.Buckets[i]] = sums.GetValueOrDefault(part.Buckets[i]) + part.Counts[i];
        }

        return new LatencyCounts { Buckets = [.. sums.Keys], Counts = [.. sums.Values] };
    }

    /// <summary>
    /// The duration in nanoseconds that the part <paramref name="quantile"/> (above 0, up to 1) of all durations does not exceed, within
    /// 0.8 %; 0 when there are none.
    /// </summary>
    public double QuantileOf(double quantile)
    {
        long rank = Math.Max(1, (long)Math.Ceiling(quantile * Count));
        for (int i = 0; i < Buckets.Length; i++)
        {
            rank -= Counts[i];
            if (rank <= 0)
                return LatencyBucket.ValueOf(Buckets[i]);
        }

        return 0;
    }
}
