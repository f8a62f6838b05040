using System.Numerics;

namespace Broker.Grains.Channels;

/// <summary>
/// Times from publish to FIN since the channel's activation, in buckets of a power of two of microseconds. One thread adds, others may read.
/// </summary>
public sealed class LatencyHistogram
{
    /// <summary>The first bucket holds what took up to 2 to the power of this many microseconds: a quarter of a millisecond.</summary>
    private const int FirstPower = 8;

    /// <summary>The last bound is 2 to the power of this many microseconds: 71 minutes. What took longer is in a bucket without bound.</summary>
    private const int LastPower = 32;

    private readonly long[] _counts = new long[LastPower - FirstPower + 2];
    private long _nanoseconds;

    /// <summary>Upper bounds of the buckets but the last, in seconds.</summary>
    public static IReadOnlyList<double> Bounds { get; } = [.. Enumerable.Range(FirstPower, LastPower - FirstPower + 1).Select(power => (1L << power) / 1e6)];

    /// <summary>Sum of all durations in nanoseconds.</summary>
    public long Nanoseconds => Volatile.Read(ref _nanoseconds);

    /// <summary>Durations in a bucket.</summary>
    public long this[int bucket] => Volatile.Read(ref _counts[bucket]);

    /// <summary>Adds a duration in nanoseconds; negative ones, of clocks that were set back, count as none.</summary>
    public void Add(long duration)
    {
        duration = Math.Max(0, duration);
        _nanoseconds += duration;
        // Bounds belong to the bucket below them.
        long microseconds = Math.Max(0, (duration - 1) / 1000);
        int power = microseconds < 1 << FirstPower ? 0 : BitOperations.Log2((ulong)microseconds) - FirstPower + 1;
        _counts[Math.Min(power, _counts.Length - 1)]++;
    }
}
