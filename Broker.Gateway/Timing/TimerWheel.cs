using System.Numerics;
using Broker.Gateway.Telemetry;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Timing;

/// <summary>
/// All of a gateway's timeouts in one timer: heartbeats, deadlines, output buffers, signs of life. Setting and clearing one is
/// a few pointer writes, and the timer sleeps until the next is due, so ten thousand idle connections cost next to nothing.
/// </summary>
/// <remarks>Coarse: an entry is called up to one tick, or one <see cref="CoarseTicks"/> if it was set so, late; never early.</remarks>
internal sealed class TimerWheel : IDisposable
{
    /// <summary>Milliseconds of a tick.</summary>
    public const long TickLength = 20;

    /// <summary>Ticks to which what is not urgent is rounded up, so that many are called by one wake-up.</summary>
    public const long CoarseTicks = 12;

    // A turn takes 82 seconds: longer than any usual timeout, so an entry is seldom passed over.
    private const int Slots = 4096;

    private readonly Lock _sync = new();
    private readonly WheelEntry?[] _slots = new WheelEntry?[Slots];
    private readonly ulong[] _occupied = new ulong[Slots / 64];
    private readonly List<WheelEntry> _due = [];
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly long _start;
    private long _lastTick;
    private long _wakeTick = long.MaxValue;
    private int _count;
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
    /// <param name="entry">Who is to be called.</param>
    /// <param name="delay">Milliseconds.</param>
    /// <param name="coarse">Whether a quarter of a second later will do.</param>
    public void Schedule(WheelEntry entry, long delay, bool coarse = false)
    {
        lock (_sync)
        {
            if (entry.IsLinked)
                Unlink(entry);
            long now = Now;
            if (_count == 0)
                _lastTick = now / TickLength;
            long due = Math.Max((now + Math.Max(delay, 1) + TickLength - 1) / TickLength, _lastTick + 1);
            entry.DueTick = coarse ? (due + CoarseTicks - 1) / CoarseTicks * CoarseTicks : due;
            Link(entry);
            if (entry.DueTick < _wakeTick)
                Wake(entry.DueTick, now);
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

    private void Link(WheelEntry entry)
    {
        int slot = (int)(entry.DueTick % Slots);
        ref WheelEntry? head = ref _slots[slot];
        entry.Next = head;
        if (head is not null)
            head.Previous = entry;
        head = entry;
        entry.IsLinked = true;
        _occupied[slot / 64] |= 1UL << (slot % 64);
        _count++;
    }

    private void Unlink(WheelEntry entry)
    {
        int slot = (int)(entry.DueTick % Slots);
        if (entry.Previous is { } previous)
            previous.Next = entry.Next;
        else
            _slots[slot] = entry.Next;
        if (entry.Next is { } next)
            next.Previous = entry.Previous;
        entry.Next = entry.Previous = null;
        entry.IsLinked = false;
        if (_slots[slot] is null)
            _occupied[slot / 64] &= ~(1UL << (slot % 64));
        _count--;
    }

    private void Wake(long tick, long now)
    {
        _wakeTick = tick;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max((tick * TickLength) - now, 0)), Timeout.InfiniteTimeSpan);
    }

    private void Turn()
    {
        // Set while it turns, the timer may fire a second time; the end of this turn sets it again.
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
        lock (_sync)
        {
            _wakeTick = long.MaxValue;
            if (_count > 0)
                Wake(NextOccupied(), Now);
        }
    }

    private void CollectDue()
    {
        lock (_sync)
        {
            long tick = Now / TickLength;
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
        }
    }

    /// <summary>The tick at which the next slot that is not empty comes by.</summary>
    private long NextOccupied()
    {
        long tick = _lastTick + 1;
        for (int words = 0; words <= _occupied.Length; words++)
        {
            int slot = (int)(tick % Slots);
            ulong word = _occupied[slot / 64] >> (slot % 64);
            if (word != 0)
                return tick + BitOperations.TrailingZeroCount(word);
            tick += 64 - (slot % 64);
        }
        return tick;
    }
}
