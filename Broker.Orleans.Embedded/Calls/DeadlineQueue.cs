namespace Broker.Orleans.Embedded;

/// <summary>
/// The calls under way that share one response timeout. They expire in the order in which they were made, so one timer
/// and a linked list serve them all, and a call that ends in time costs two short locks.
/// </summary>
internal sealed class DeadlineQueue
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer? _timer;
    private readonly long _timeoutTicks;
    private GrainCall? _first;
    private GrainCall? _last;
    private bool _armed;

    public DeadlineQueue(TimeProvider time, TimeSpan timeout)
    {
        _time = time;
        Timeout = timeout;
        if (timeout != System.Threading.Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(timeout, TimeSpan.Zero);
            _timeoutTicks = (long)(timeout.TotalSeconds * time.TimestampFrequency);
            _timer = UnflowedTimer.Create(time, static queue => ((DeadlineQueue)queue!).Expire(), this);
        }
    }

    /// <summary>How long a call may take; infinite for as long as it likes.</summary>
    public TimeSpan Timeout { get; }

    public void Add(GrainCall call)
    {
        long deadline = _timer is null ? long.MaxValue : _time.GetTimestamp() + _timeoutTicks;
        lock (_gate)
        {
            call.Deadline = deadline;
            call.HasDeadline = true;
            call.EarlierDeadline = _last;
            if (_last is null)
            {
                _first = call;
            }
            else
            {
                _last.LaterDeadline = call;
            }
            _last = call;
            if (!_armed && _timer is not null)
            {
                // The timer stays armed when the queue runs empty: re-arming it at every call would cost more than
                // one idle tick.
                _armed = true;
                _timer.Change(Timeout, System.Threading.Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Remove(GrainCall call)
    {
        lock (_gate)
        {
            if (call.HasDeadline)
            {
                Unlink(call);
            }
        }
    }

    /// <summary>Fails the calls that a mailbox will never answer; all of them when it is null.</summary>
    public void Fail(Mailbox? mailbox, Func<GrainCall, Exception> reason)
    {
        List<GrainCall> lost = [];
        lock (_gate)
        {
            for (GrainCall? call = _first; call is not null; call = call.LaterDeadline)
            {
                if (mailbox is null || call.Mailbox == mailbox)
                {
                    lost.Add(call);
                }
            }
        }
        foreach (GrainCall call in lost)
        {
            call.Fail(reason(call));
        }
    }

    public void Stop() => _timer?.Dispose();

    private void Expire()
    {
        List<GrainCall> late = [];
        lock (_gate)
        {
            long now = _time.GetTimestamp();
            while (_first is { } call && call.Deadline <= now)
            {
                Unlink(call);
                late.Add(call);
            }
            _armed = _first is not null;
            if (_first is { } next)
            {
                TimeSpan left = _time.GetElapsedTime(now, next.Deadline);
                TimeSpan least = TimeSpan.FromMilliseconds(1);
                _timer!.Change(left < least ? least : left, System.Threading.Timeout.InfiniteTimeSpan);
            }
        }
        foreach (GrainCall call in late)
        {
            call.TimeOut();
        }
    }

    private void Unlink(GrainCall call)
    {
        if (call.EarlierDeadline is null)
        {
            _first = call.LaterDeadline;
        }
        else
        {
            call.EarlierDeadline.LaterDeadline = call.LaterDeadline;
        }
        if (call.LaterDeadline is null)
        {
            _last = call.EarlierDeadline;
        }
        else
        {
            call.LaterDeadline.EarlierDeadline = call.EarlierDeadline;
        }
        call.EarlierDeadline = null;
        call.LaterDeadline = null;
        call.HasDeadline = false;
    }
}
