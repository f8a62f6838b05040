using Broker.Channels;
using Broker.Policies;

namespace Broker.Grains.Channels;

/// <summary>What becomes of messages that have waited for longer than the channel's policy allows, or that have to make room in the topic's log.</summary>
/// <param name="limits">Whether the channel has a store for dead letters.</param>
/// <param name="window">What was never delivered.</param>
/// <param name="redeliveries">What is to be delivered again.</param>
/// <param name="dying">What becomes a dead letter.</param>
/// <param name="notes">Told what is finished.</param>
/// <param name="books">Counts them.</param>
internal sealed class Expiry(
    ChannelLimits limits, MessageWindow window, Redeliveries redeliveries, DyingMessages dying, ProgressNotes notes, QueueBooks books)
{
    private const long NanosecondsPerMillisecond = 1_000_000;

    private long _maxAge;
    private bool _keepsExpired;
    private long _now;

    // Offsets below make room.
    private long _dropBelow;

    /// <summary>
    /// What was published up to here has expired, in nanoseconds since the Unix epoch as messages have it; <see cref="long.MinValue"/> when nothing expires.
    /// </summary>
    public long UpTo { get; private set; } = long.MinValue;

    /// <summary>
    /// When <see cref="Drop"/> has something to do next, in milliseconds since the Unix epoch; <see cref="long.MaxValue"/> when nothing waits that expires.
    /// </summary>
    public long NextDue { get; private set; } = long.MaxValue;

    /// <summary>Goes by a policy from now on.</summary>
    public void Follow(ChannelPolicy policy)
    {
        _maxAge = policy.MaxAge ?? 0;
        _keepsExpired = policy.Expired == ChannelPolicy.DeadLettered && policy.DeadLetter != ChannelPolicy.Drop && !limits.OwnsBodies;
        UpTo = long.MinValue;
        NextDue = long.MaxValue;
    }

    /// <summary>Says what time it is.</summary>
    public void Observe(Moment now)
    {
        _now = now.Wall;
        if (_maxAge > 0)
            UpTo = (now.Wall - _maxAge) * NanosecondsPerMillisecond;
    }

    /// <summary>What waits below an offset is to make room.</summary>
    public void MakeRoom(long below)
    {
        _dropBelow = Math.Max(_dropBelow, below);
        foreach (DeferredMessage message in redeliveries.RemoveMissing(_dropBelow))
            Discard(message.Offset, DiscardCause.Overflowed);
    }

    /// <summary>
    /// Takes out what has expired or makes room, up to the first message that does not: they wait in the order in which they were published, or nearly so.
    /// </summary>
    public void Drop()
    {
        if (_maxAge > 0 || _dropBelow > 0)
            NextDue = Math.Min(DropFrom(redeliveries.Runs, isWindow: false), DropFrom(window.Runs, isWindow: true));
    }

    /// <summary>A message has expired: it is discarded, or becomes a dead letter.</summary>
    /// <returns>False when it stays where it is, because many wait already to become dead letters.</returns>
    public bool TryTake(long offset, ushort attempts)
    {
        if (!_keepsExpired)
        {
            Discard(offset, DiscardCause.Expired);
            return true;
        }

        if (!dying.HasRoom)
            return false;
        books.Die(DeadCause.Expired);
        dying.Add(new DyingMessage(offset, attempts, DeadCause.Expired, _now, Consumer: null));
        return true;
    }

    private void Discard(long offset, DiscardCause cause)
    {
        books.Discard(cause);
        notes.Finish(offset);
    }

    private long DropFrom(RunQueue waiting, bool isWindow)
    {
        while (waiting.RunCount > 0)
        {
            ReadyRun run = waiting.First;
            int position = run.Position;
            int taken = 0;
            long published = 0;
            bool isHeldUp = false;
            while (taken < run.Count && CauseFor(run.FirstOffset + taken, published = run.Batch.TimestampAt(position)) is { } cause)
            {
                if (cause == DiscardCause.Overflowed)
                    Discard(run.FirstOffset + taken, cause);
                else if (isHeldUp = !TryTake(run.FirstOffset + taken, run.Attempts))
                    break;
                position += run.Batch.SizeAt(position);
                taken++;
            }

            if (taken > 0 && isWindow)
                window.Take(run, taken, position);
            else if (taken > 0)
                waiting.Take(taken, position);
            if (taken < run.Count)
                return _maxAge == 0 || isHeldUp ? long.MaxValue : ((published + NanosecondsPerMillisecond - 1) / NanosecondsPerMillisecond) + _maxAge;
        }

        return long.MaxValue;
    }

    private DiscardCause? CauseFor(long offset, long published) =>
        published <= UpTo ? DiscardCause.Expired : offset < _dropBelow ? DiscardCause.Overflowed : null;
}
