using Microsoft.Extensions.Logging;

namespace Broker.Gateway;

/// <summary>
/// All of a gateway's timeouts in one timer: heartbeats, deadlines, output buffers, signs of life. Setting and clearing one
/// is a few pointer writes, so ten thousand idle connections cost no timer each and next to no time. Coarse: an entry is
/// called up to one <see cref="Tick"/> late, never early.
/// </summary>
internal sealed class TimerWheel : IDisposable
{
    /// <summary>How coarse the wheel is.</summary>
    public static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);

    // A turn takes 82 seconds: longer than any usual timeout, so an entry is seldom passed over.
    private const int Slots = 4096;

    private readonly Lock _sync = new();
    private readonly WheelEntry?[] _slots = new WheelEntry?[Slots];
    private readonly List<WheelEntry> _due = [];
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly long _start;
    private long _lastTick;
    private int _count;
    private bool _running;
    private int _turning;

    public TimerWheel(TimeProvider time, ILogger logger)
    {
        _time = time;
        _logger = logger;
        _start = time.GetTimestamp();
        // The timer outlives whoever happens to be there first: it must not carry that one's execution context along.
        using (ExecutionContext.SuppressFlow())
            _timer = time.CreateTimer(static state => ((TimerWheel)state!).Turn(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Milliseconds since the wheel was made; never goes back.</summary>
    public long Now => (long)_time.GetElapsedTime(_start).TotalMilliseconds;

    /// <summary>Has the entry called in <paramref name="delay"/> milliseconds, instead of when it was to be called so far.</summary>
    public void Schedule(WheelEntry entry, long delay)
    {
        lock (_sync)
        {
            if (entry.IsLinked)
                Unlink(entry);
            long now = Now;
            entry.DueTick = (now + Math.Max(delay, 1) + Tick.Milliseconds - 1) / Tick.Milliseconds;
            if (!_running)
            {
                _running = true;
                _lastTick = now / Tick.Milliseconds;
                _timer.Change(Tick, Tick);
            }
            entry.DueTick = Math.Max(entry.DueTick, _lastTick + 1);
            ref WheelEntry? head = ref _slots[entry.DueTick % Slots];
            entry.Next = head;
            if (head is not null)
                head.Previous = entry;
            head = entry;
            entry.IsLinked = true;
            _count++;
        }
    }

    /// <summary>The entry is not to be called any more. A call that is under way already goes on.</summary>
    public void Cancel(WheelEntry entry)
    {
        lock (_sync)
        {
            if (entry.IsLinked)
                Unlink(entry);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Unlink(WheelEntry entry)
    {
        if (entry.Previous is { } previous)
            previous.Next = entry.Next;
        else
            _slots[entry.DueTick % Slots] = entry.Next;
        if (entry.Next is { } next)
            next.Previous = entry.Previous;
        entry.Next = entry.Previous = null;
        entry.IsLinked = false;
        _count--;
    }

    private void Turn()
    {
        // A late timer may fire twice at once; one of them does all that is due.
        if (Interlocked.Exchange(ref _turning, 1) != 0)
            return;
        CollectDue();
        foreach (WheelEntry entry in _due)
        {
            try
            {
                entry.OnDue();
            }
            catch (Exception e)
            {
                _logger.TimeoutFailed(e, entry.GetType().Name);
            }
        }
        _due.Clear();
        Volatile.Write(ref _turning, 0);
    }

    private void CollectDue()
    {
        lock (_sync)
        {
            long tick = Now / Tick.Milliseconds;
            // After a long pause each slot needs to be looked at only once.
            for (long t = Math.Max(_lastTick + 1, tick - Slots + 1); t <= tick; t++)
            {
                for (WheelEntry? entry = _slots[t % Slots]; entry is not null;)
                {
                    WheelEntry? next = entry.Next;
                    if (entry.DueTick <= tick)
                    {
                        Unlink(entry);
                        _due.Add(entry);
                    }
                    entry = next;
                }
            }
            _lastTick = tick;
            if (_count == 0 && _due.Count == 0)
            {
                _running = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }
    }
}
