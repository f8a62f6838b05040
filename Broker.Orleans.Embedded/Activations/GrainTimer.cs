using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>
/// A timer whose ticks are requests of its grain. The next tick is set when the one before has ended, so ticks never
/// pile up.
/// </summary>
internal abstract class GrainTimer : IGrainTimer
{
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopped = new();
    private readonly Activation _activation;
    private readonly ITimer _timer;
    private readonly Tick _tick;
    private TimeSpan _dueTime = Timeout.InfiniteTimeSpan;
    private TimeSpan _period = Timeout.InfiniteTimeSpan;
    private bool _firing;
    private bool _changed;

    protected GrainTimer(Activation activation, GrainTimerCreationOptions options)
    {
        _activation = activation;
        _tick = new Tick(this, options.KeepAlive)
        {
            Method = options.Interleave ? activation.Host.InterleavingTick : activation.Host.Tick,
        };
        _timer = UnflowedTimer.Create(activation.Host.Time, static timer => ((GrainTimer)timer!).Fire(), this);
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        lock (_gate)
        {
            _dueTime = dueTime;
            _period = period;
            _changed = true;
            // During a tick the change takes effect when the tick ends.
            if (!_firing && !_stopped.IsCancellationRequested)
            {
                _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_stopped.IsCancellationRequested)
            {
                return;
            }
            _timer.Dispose();
        }
        try
        {
            _stopped.Cancel();
        }
        catch (AggregateException exception)
        {
            _activation.Host.Log.TimerFailed(exception, _activation);
        }
        _activation.Forget(this);
    }

    protected abstract Task TickAsync(CancellationToken cancellationToken);

    private static void Check(TimeSpan time, string parameter)
    {
        const uint LongestMilliseconds = 0xfffffffe;
        long milliseconds = (long)time.TotalMilliseconds;
        ArgumentOutOfRangeException.ThrowIfLessThan(milliseconds, -1, parameter);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, LongestMilliseconds, parameter);
    }

    private void Fire()
    {
        lock (_gate)
        {
            if (_firing || _stopped.IsCancellationRequested)
            {
                return;
            }
            _firing = true;
        }
        _tick.Dispatch(_activation);
    }

    private async Task RunAsync()
    {
        if (_stopped.IsCancellationRequested)
        {
            return;
        }
        lock (_gate)
        {
            _changed = false;
        }
        try
        {
            await TickAsync(_stopped.Token);
        }
        catch (Exception exception)
        {
            _activation.Host.Log.TimerFailed(exception, _activation);
        }
        lock (_gate)
        {
            _firing = false;
            if (!_stopped.IsCancellationRequested)
            {
                _timer.Change(_changed ? _dueTime : _period, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private sealed class Tick(GrainTimer timer, bool keepsAlive) : VoidCall
    {
        public override bool IsLocal => true;

        public override bool KeepsAlive => keepsAlive;

        public override ValueTask Perform(object target) => new(timer.RunAsync());
    }
}
