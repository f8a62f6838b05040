using Broker.Bench.Measuring;

namespace Broker.Bench.Load;

/// <summary>What the threads of a run share: how far it has come, and how much is left to do.</summary>
public sealed class RunControl(long messages)
{
    private const long Never = long.MaxValue;

    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _limited = messages > 0;
    private long _left = messages;
    private long _measuredFrom = Never;
    private long _measuredUntil = Never;
    private volatile RunPhase _phase;

    /// <summary>How far the run has come.</summary>
    public RunPhase Phase => _phase;

    /// <summary>Whether new work may be begun.</summary>
    public bool IsWorking => _phase <= RunPhase.Measuring;

    /// <summary>Whether the number of messages that was asked for is reached.</summary>
    public bool IsUsedUp => _limited && Volatile.Read(ref _left) <= 0;

    /// <summary>Fails when a thread of the run does.</summary>
    public Task Failed => _failed.Task;

    /// <summary>Moment that the measuring began.</summary>
    public long MeasuredFrom => Volatile.Read(ref _measuredFrom);

    /// <summary>Begins to measure.</summary>
    public void Measure()
    {
        Volatile.Write(ref _measuredFrom, MonotonicClock.Now);
        _phase = RunPhase.Measuring;
    }

    /// <summary>Ends the measuring and lets what is under way come to its end.</summary>
    public void Drain()
    {
        Volatile.Write(ref _measuredUntil, MonotonicClock.Now);
        _phase = RunPhase.Draining;
    }

    /// <summary>Lets the threads end.</summary>
    public void Stop() => _phase = RunPhase.Stopped;

    /// <summary>Ends the run because it cannot go on.</summary>
    public void Fail(Exception exception) => _failed.TrySetException(exception);

    /// <summary>
    /// Whether something that was meant to happen at this moment is measured, however late its outcome comes. So the
    /// slowest count, too.
    /// </summary>
    public bool IsMeasured(long moment) => moment >= Volatile.Read(ref _measuredFrom) && moment < Volatile.Read(ref _measuredUntil);

    /// <summary>Takes up to <paramref name="wanted"/> units of <paramref name="unit"/> messages from what is left to do.</summary>
    public int Take(int wanted, int unit)
    {
        if (!_limited || _phase == RunPhase.WarmingUp)
            return wanted;
        long before = Interlocked.Add(ref _left, -(long)wanted * unit) + (long)wanted * unit;
        // The last unit may be more than is left: publishes are whole.
        return (int)Math.Clamp((before + unit - 1) / unit, 0, wanted);
    }
}
