namespace Broker.Tests.Simulation;

/// <summary>
/// A clock that stands still until it is told to go on. Timers that are due fire within <see cref="Advance"/>, on its
/// thread, in order of time and, at the same time, in the order in which they were set.
/// </summary>
public sealed class VirtualTimeProvider(DateTimeOffset start) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly SortedSet<VirtualTimer> _timers = [];
    private long _settings;
    private long _elapsed;
    private long _wallAhead;

    public VirtualTimeProvider()
        : this(new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero))
    {
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <summary>How much time has passed.</summary>
    public TimeSpan Elapsed => TimeSpan.FromTicks(Interlocked.Read(ref _elapsed));

    /// <summary>How long until the next timer fires; null when none is set.</summary>
    public TimeSpan? UntilNextTimer
    {
        get
        {
            lock (_gate)
            {
                return _timers.Min is { } next ? TimeSpan.FromTicks(Math.Max(0, next.Due - _elapsed)) : null;
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => start + Elapsed + TimeSpan.FromTicks(Interlocked.Read(ref _wallAhead));

    public override long GetTimestamp() => Interlocked.Read(ref _elapsed);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        VirtualTimer timer = new(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Sets the wall clock forward, or back, while no time passes: timestamps and timers go by the steady clock.</summary>
    public void SetWall(TimeSpan by) => Interlocked.Add(ref _wallAhead, by.Ticks);

    /// <summary>Lets time pass in which nothing runs, as when the process is stopped: timers that come due meanwhile fire late.</summary>
    public void StandStill(TimeSpan time) => Interlocked.Add(ref _elapsed, time.Ticks);

    /// <summary>Lets time pass, and fires what comes due on the way, each timer at its own time.</summary>
    public void Advance(TimeSpan time)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.Zero);
        long end = Interlocked.Read(ref _elapsed) + time.Ticks;
        while (TakeDue(end) is { } timer)
        {
            timer.Fire();
        }
    }

    private VirtualTimer? TakeDue(long end)
    {
        lock (_gate)
        {
            if (_timers.Min is not { } next || next.Due > end)
            {
                _elapsed = end;
                return null;
            }
            _timers.Remove(next);
            _elapsed = Math.Max(_elapsed, next.Due);
            next.Repeat();
            return next;
        }
    }

    private sealed class VirtualTimer(VirtualTimeProvider clock, TimerCallback callback, object? state) : ITimer, IComparable<VirtualTimer>
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private long _setting;
        private bool _disposed;

        public long Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                if (_disposed)
                {
                    return false;
                }
                clock._timers.Remove(this);
                _period = period;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Set(dueTime);
                }
                return true;
            }
        }

        public void Repeat()
        {
            if (_period > TimeSpan.Zero)
            {
                Set(_period);
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (clock._gate)
            {
                _disposed = true;
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        public int CompareTo(VirtualTimer? other) => (Due, _setting).CompareTo((other!.Due, other._setting));

        private void Set(TimeSpan time)
        {
            Due = clock._elapsed + time.Ticks;
            _setting = ++clock._settings;
            clock._timers.Add(this);
        }
    }
}
