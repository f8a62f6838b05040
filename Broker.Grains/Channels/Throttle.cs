using Broker.Policies;

namespace Broker.Grains.Channels;

/// <summary>How many messages may go out by the channel's policy: so many in flight at once, and so many a second by a bucket of tokens.</summary>
/// <param name="inFlight">What is in flight.</param>
internal sealed class Throttle(InFlightTable inFlight)
{
    // Of a second's messages: what may go out at once after a pause, and what is waited for where more wait than may go out.
    private const double Burst = 0.1;
    private const double Portion = 0.01;

    // Tokens come in fractions that do not add up to exactly one.
    private const double Rounding = 1e-6;

    private int _maxInFlight;
    private double _rate;
    private double _tokens;
    private long? _filled;

    /// <summary>Whether the policy limits anything.</summary>
    public bool IsSet { get; private set; }

    /// <summary>
    /// When more may go out than now, in milliseconds of the steady clock; <see cref="long.MaxValue"/> when nothing waits for its time to come.
    /// </summary>
    public long NextAt { get; private set; } = long.MaxValue;

    private double Capacity => Math.Max(1, _rate * Burst);

    /// <summary>Goes by a policy from now on.</summary>
    public void Follow(ChannelPolicy policy)
    {
        double rate = policy.DeliveryRate ?? 0;
        // Who has had no rate may begin at once.
        if (_rate == 0)
            _filled = null;
        _rate = rate;
        _tokens = Math.Min(_tokens, Capacity);
        _maxInFlight = policy.MaxInFlight ?? 0;
        IsSet = _rate > 0 || _maxInFlight > 0;
        NextAt = long.MaxValue;
    }

    /// <summary>How many messages may go out now.</summary>
    /// <param name="now">Milliseconds of the steady clock.</param>
    public long RoomAt(long now)
    {
        NextAt = long.MaxValue;
        long room = _maxInFlight > 0 ? Math.Max(0, _maxInFlight - inFlight.Count) : long.MaxValue;
        if (_rate == 0)
            return room;
        _tokens = _filled is { } filled ? Math.Min(Capacity, _tokens + ((now - filled) * _rate / 1000)) : Capacity;
        _filled = now;
        return Math.Min(room, (long)(_tokens + Rounding));
    }

    /// <summary>Messages went out.</summary>
    public void Count(long messages)
    {
        if (_rate > 0)
            _tokens -= messages;
    }

    /// <summary>Nothing is to go out now, whatever the policy says.</summary>
    public void Rest() => NextAt = long.MaxValue;

    /// <summary>Messages wait that could go out but for the policy.</summary>
    /// <param name="now">Milliseconds of the steady clock.</param>
    public void Hold(long now)
    {
        // What is in flight comes back by itself.
        if (_rate == 0 || _tokens + Rounding >= 1)
            return;
        double wanted = Math.Min(Capacity, Math.Max(1, _rate * Portion));
        NextAt = now + Math.Max(1, (long)Math.Ceiling((wanted - _tokens) / _rate * 1000));
    }
}
