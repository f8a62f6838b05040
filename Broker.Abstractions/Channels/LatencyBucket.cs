using System.Numerics;

namespace Broker.Channels;

/// <summary>
/// Buckets of durations in nanoseconds: 64 to each power of two, so that the middle of a bucket is within 0.8 % of everything in it.
/// Below 64 ns each nanosecond has its own.
/// </summary>
public static class LatencyBucket
{
    /// <summary>Buckets in a power of two.</summary>
    public const int PerOctave = 1 << SubBits;

    /// <summary>Number of octaves, the first of which counts single nanoseconds.</summary>
    public const int Octaves = 64 - SubBits;

    private const int SubBits = 6;

    /// <summary>The bucket of a duration; negative ones count as none.</summary>
    public static int IndexOf(long nanoseconds)
    {
        if (nanoseconds < PerOctave)
            return (int)Math.Max(0, nanoseconds);
        int shift = BitOperations.Log2((ulong)nanoseconds) - SubBits;
        return ((shift + 1) << SubBits) + (int)((nanoseconds >> shift) & (PerOctave - 1));
    }

    /// <summary>The duration in the middle of a bucket, in nanoseconds.</summary>
    public static double ValueOf(int index)
    {
        if (index < PerOctave)
            return index;
        int shift = (index >> SubBits) - 1;
        double lower = (double)(PerOctave + (index & (PerOctave - 1))) * (1L << shift);
        return lower + ((1L << shift) / 2.0);
    }
}
