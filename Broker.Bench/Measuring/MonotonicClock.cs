using System.Diagnostics;

namespace Broker.Bench.Measuring;

/// <summary>
/// The clock that everything is measured by. It is the same in all processes of one machine, so that a message stamped by
/// one process can be timed by another.
/// </summary>
public static class MonotonicClock
{
    public const long NanosecondsPerMillisecond = 1_000_000;
    public const long NanosecondsPerSecond = 1_000_000_000;

    private static readonly long NanosecondsPerTick = NanosecondsPerSecond / Stopwatch.Frequency;

    /// <summary>Nanoseconds since a moment that is fixed while the machine runs.</summary>
    public static long Now => Stopwatch.GetTimestamp() * NanosecondsPerTick;

    /// <summary>A span of time in nanoseconds.</summary>
    public static long Nanoseconds(TimeSpan span) => span.Ticks * TimeSpan.NanosecondsPerTick;
}
