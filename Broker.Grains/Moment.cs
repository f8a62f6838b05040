namespace Broker.Grains;

/// <summary>One reading of both clocks.</summary>
/// <param name="Steady">Milliseconds of the clock that nobody sets: every duration goes by it. It counts from some moment of this process.</param>
/// <param name="Wall">Milliseconds since the Unix epoch, which may be set forward and back: only what is stored goes by it.</param>
public readonly record struct Moment(long Steady, long Wall)
{
    /// <summary>Reads both clocks.</summary>
    public static Moment Of(TimeProvider time) =>
        new(time.GetElapsedTime(0).Ticks / TimeSpan.TicksPerMillisecond, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>The wall clock as messages carry it: nanoseconds since the Unix epoch.</summary>
    public static long NanosecondsOf(TimeProvider time) => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    /// <summary>What the wall clock would show at a time of the steady one, if nobody sets it meanwhile.</summary>
    public long ToWall(long steady) => steady == long.MaxValue ? long.MaxValue : steady - Steady + Wall;

    /// <summary>The steady clock's time when the wall clock will show <paramref name="wall"/>, if nobody sets it meanwhile.</summary>
    public long ToSteady(long wall) => wall == long.MaxValue ? long.MaxValue : wall - Wall + Steady;
}
