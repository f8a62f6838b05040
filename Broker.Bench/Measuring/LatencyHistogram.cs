using System.Numerics;

namespace Broker.Bench.Measuring;

/// <summary>
/// Counts of latencies in buckets whose width grows with the latency, so that every percentile is known to better than
/// one part in <see cref="Precision"/> in fixed memory (37 kB), however many are recorded.
/// </summary>
/// <remarks>Belongs to one thread; threads that record at once each have their own, added up at the end.</remarks>
public sealed class LatencyHistogram
{
    /// <summary>Buckets per doubling of the latency.</summary>
    public const int Precision = 1 << PrecisionBits;

    private const int PrecisionBits = 7;
    private const int RangeBits = 42;

    /// <summary>Longest latency told apart from longer ones, in nanoseconds: an hour and a quarter.</summary>
    public const long LongestTracked = (1L << RangeBits) - 1;

    private readonly long[] _counts = new long[(RangeBits - PrecisionBits + 1) * Precision];
    private double _sum;

    /// <summary>How many latencies were recorded.</summary>
    public long Count { get; private set; }

    /// <summary>The longest, in nanoseconds; exact.</summary>
    public long Max { get; private set; }

    /// <summary>The average, in nanoseconds; exact.</summary>
    public double Mean => Count == 0 ? 0 : _sum / Count;

    /// <summary>Records a latency in nanoseconds; a negative one counts as none.</summary>
    public void Record(long nanoseconds)
    {
        long value = Math.Max(nanoseconds, 0);
        _counts[IndexOf(Math.Min(value, LongestTracked))]++;
        Count++;
        _sum += value;
        if (value > Max)
            Max = value;
    }

    /// <summary>
    /// The latency in nanoseconds that the given share of all does not exceed: the smallest recorded one for which this
    /// holds, or up to 1/<see cref="Precision"/> more. 0 when nothing was recorded.
    /// </summary>
    /// <param name="percent">Above 0, at most 100.</param>
    public long Percentile(double percent)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(percent);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(percent, 100);
        long rank = Math.Max(1, (long)Math.Ceiling(percent / 100 * Count));
        long seen = 0;
        for (int index = 0; index < _counts.Length; index++)
        {
            seen += _counts[index];
            if (seen >= rank)
                return index == _counts.Length - 1 ? Max : Math.Min(LargestIn(index), Max);
        }
        return 0;
    }

    /// <summary>Adds all that another one recorded.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int index = 0; index < _counts.Length; index++)
            _counts[index] += other._counts[index];
        Count += other.Count;
        _sum += other._sum;
        Max = Math.Max(Max, other.Max);
    }

    // Below Precision each latency has a bucket of its own. Above, the leading one bit chooses a block of buckets and the
    // PrecisionBits after it the bucket within.
    private static int IndexOf(long value)
    {
        if (value < Precision)
            return (int)value;
        int shift = BitOperations.Log2((ulong)value) - PrecisionBits;
        return (shift << PrecisionBits) + (int)(value >> shift);
    }

    private static long LargestIn(int index)
    {
        if (index < Precision)
            return index;
        int shift = (index >> PrecisionBits) - 1;
        return ((index - ((long)shift << PrecisionBits) + 1) << shift) - 1;
    }
}
