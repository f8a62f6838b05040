using Broker.Gateway.Timing;
using Broker.Gateways;
using Broker.Policies;
using Broker.Serving.Limits;

namespace Broker.Gateway.Connections;

/// <summary>When a connection sends a heartbeat, and when it has waited long enough for its client (spec 1.3).</summary>
internal sealed class ConnectionDeadlines : WheelEntry
{
    private const long Never = long.MaxValue;

    // Milliseconds after which a connection that is busy is looked at again.
    private const long BusyLook = 1000;

    private readonly NsqConnection _client;
    private readonly TimerWheel _wheel;
    private readonly TimeSpan _commandTimeout;
    private bool _isGreeted;
    private long _firstCommandDue = Never;
    private long _commandDue = Never;
    private long _waitingSince = Never;
    private long _nextHeartbeat = Never;

    /// <param name="client">Whose deadlines they are.</param>
    /// <param name="wheel">Calls when one is due.</param>
    /// <param name="limits">How long commands may take.</param>
    public ConnectionDeadlines(NsqConnection client, TimerWheel wheel, LimitOptions limits)
    {
        _client = client;
        _wheel = wheel;
        _commandTimeout = limits.CommandTimeout;
        if (limits.FirstCommandTimeout > TimeSpan.Zero)
            _firstCommandDue = wheel.Now + (long)limits.FirstCommandTimeout.TotalMilliseconds;
    }

    /// <summary>The time that deadlines are counted in: milliseconds.</summary>
    public long Now => _wheel.Now;

    /// <summary>Begins with the deadline of the first command.</summary>
    public void Start() => Schedule(_wheel.Now);

    /// <summary>The client is no longer looked after.</summary>
    public void Stop() => _wheel.Cancel(this);

    /// <summary>The magic has come: heartbeats begin.</summary>
    public void Greet()
    {
        _isGreeted = true;
        BeginHeartbeats();
    }

    /// <summary>The client has said how often it wants heartbeats; only what it says first counts.</summary>
    public void BeginHeartbeats()
    {
        long now = _wheel.Now;
        long interval = _client.Delivery.HeartbeatInterval;
        _nextHeartbeat = interval == 0 ? Never : now + interval;
        Schedule(now);
    }

    /// <summary>The settings have changed.</summary>
    public void Reschedule() => Schedule(_wheel.Now);

    /// <summary>The client is waited for.</summary>
    /// <param name="since">Since when.</param>
    public void BeginWait(long since) => Interlocked.Exchange(ref _waitingSince, since);

    /// <summary>The client is not waited for: what it has sent is being served.</summary>
    public void EndWait() => Interlocked.Exchange(ref _waitingSince, Never);

    /// <summary>Whether the client has been waited for long enough.</summary>
    /// <param name="since">Since when it is.</param>
    public bool HasTimedOut(long since)
    {
        long interval = _client.Settings.HeartbeatInterval;
        long now = _wheel.Now;
        return (_isGreeted && interval > 0 && now - since >= 2 * interval) || IsSlow(now);
    }

    /// <summary>What a client that has timed out is refused for, beyond what nsqd does; null when it missed its heartbeats alone.</summary>
    public RefusalReason? Slowness =>
        !IsSlow(_wheel.Now) ? null : _firstCommandDue != Never ? RefusalReason.NoFirstCommand : RefusalReason.SlowCommand;

    /// <summary>A command was complete.</summary>
    public void NoteCommand() => _firstCommandDue = Never;

    /// <summary>A command that has begun has its own deadline, even when heartbeats are off and nothing else has one.</summary>
    /// <param name="isWithin">Whether one has begun and not ended.</param>
    /// <param name="began">When, if it was with the last read.</param>
    public void SetCommandDue(bool isWithin, long? began)
    {
        if (!isWithin)
        {
            _commandDue = Never;
            return;
        }
        if ((began is null && _commandDue != Never) || _commandTimeout <= TimeSpan.Zero)
            return;
        long now = began ?? _wheel.Now;
        _commandDue = now + (long)_commandTimeout.TotalMilliseconds;
        // Whoever has heartbeats is looked at with each of them.
        if (!IsLinked)
            Schedule(now);
    }

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        long now = _wheel.Now;
        if (now >= _nextHeartbeat)
        {
            _nextHeartbeat = now + _client.Delivery.HeartbeatInterval;
            _client.Output.Heartbeat();
        }
        if (now >= ReadDeadline(now))
            _client.Transport.CancelRead();
        Schedule(now);
    }

    private bool IsSlow(long now) => now >= _firstCommandDue || now >= _commandDue;

    private void Schedule(long now)
    {
        long next = Math.Min(_nextHeartbeat, ReadDeadline(now));
        if (next != Never && !_client.IsClosing)
            _wheel.Schedule(this, next - now, coarse: true);
    }

    /// <summary>When reading gives up; a connection that is not waiting now will not before that long.</summary>
    private long ReadDeadline(long now)
    {
        long interval = _client.Settings.HeartbeatInterval;
        long since = Interlocked.Read(ref _waitingSince);
        long heartbeats = interval == 0 || !_isGreeted ? Never : 2 * interval + (since == Never ? now : since);
        long due = Math.Min(_firstCommandDue, _commandDue);
        // What is read later than it came, because of a limit of ours, is not the client's fault: it is looked at again.
        if (since == Never && due != Never)
            due = Math.Max(due, now + BusyLook);
        return Math.Min(heartbeats, due);
    }
}
