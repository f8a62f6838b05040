namespace Broker.Gateway.Telemetry;

/// <summary>The clock, and when this broker started by it.</summary>
/// <param name="time">The clock.</param>
public sealed class BrokerClock(TimeProvider time)
{
    private readonly long _started = time.GetTimestamp();

    /// <summary>When this broker started.</summary>
    public DateTimeOffset StartTime { get; } = time.GetUtcNow();

    /// <summary>How long it has been running; a clock that is set does not change it.</summary>
    public TimeSpan Uptime => time.GetElapsedTime(_started);

    /// <summary>The time now.</summary>
    public DateTimeOffset Now => time.GetUtcNow();

    /// <summary>The time now as messages carry it: nanoseconds since the Unix epoch.</summary>
    public long NowNanoseconds => (time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
