namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>A clock that stands still but for going on to the next timer.</summary>
internal sealed class SimulatedTime : TimeProvider
{
    private readonly List<SimulatedTimer> _timers = [];
    private long _made;

    public TimeSpan Now { get; private set; }

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + Now;

    public override long GetTimestamp() => Now.Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        SimulatedTimer timer = new(this, callback, state, _made++);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Goes on to the next timer and fires it; false when there is none.</summary>
    public bool FireNext()
    {
        SimulatedTimer? next = _timers.Where(timer => timer.Due is not null).OrderBy(timer => timer.Due).ThenBy(timer => timer.Number).FirstOrDefault();
        if (next is null)
            return false;
        Now = next.Due!.Value > Now ? next.Due.Value : Now;
        next.Fire();
        return true;
    }

    /// <summary>Completes after a while.</summary>
    public Task DelayAsync(TimeSpan delay)
    {
        TaskCompletionSource source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        CreateTimer(_ => source.TrySetResult(), null, delay, Timeout.InfiniteTimeSpan);
        return source.Task;
    }

    private sealed class SimulatedTimer : ITimer
    {
        private readonly SimulatedTime _time;
        private readonly TimerCallback _callback;
        private readonly object? _state;

        public SimulatedTimer(SimulatedTime time, TimerCallback callback, object? state, long number)
        {
            _time = time;
            _callback = callback;
            _state = state;
            Number = number;
            time._timers.Add(this);
        }

        public long Number { get; }

        public TimeSpan? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : _time.Now + dueTime;
            return true;
        }

        public void Fire()
        {
            Due = null;
            _callback(_state);
        }

        public void Dispose() => _time._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
