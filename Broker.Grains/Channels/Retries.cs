using Broker.Policies;

namespace Broker.Grains.Channels;

/// <summary>What the channel's policy says of a message that was delivered and not finished: whether there is a next attempt, and when.</summary>
/// <param name="random">Draws how long a delay is.</param>
internal sealed class Retries(Random random)
{
    // What failed together is not to come back together.
    private const double LeastShare = 0.8;

    private int _maxAttempts;
    private RetryDelay? _delay;

    /// <summary>Whether a message that is given up becomes a dead letter.</summary>
    public bool KeepsDead { get; private set; }

    /// <summary>Goes by a policy from now on.</summary>
    public void Follow(ChannelPolicy policy)
    {
        _maxAttempts = policy.MaxAttempts ?? 0;
        KeepsDead = policy.DeadLetter is not ChannelPolicy.Drop;
        _delay = policy.RetryDelay is { First: > 0 } delay ? delay : null;
    }

    /// <summary>Whether a message that was delivered so often gets no further attempt.</summary>
    public bool GivesUp(ushort attempts) => _maxAttempts > 0 && attempts >= _maxAttempts;

    /// <summary>How long a message that was delivered so often waits, in milliseconds; 0 when it is ready at once.</summary>
    public long DelayAfter(ushort attempts)
    {
        if (_delay is null)
            return 0;
        double delay = Math.Min(_delay.First * Math.Pow(_delay.Factor, attempts - 1), _delay.Most);
        return Math.Max(1, (long)(delay * (LeastShare + ((1 - LeastShare) * random.NextDouble()))));
    }
}
