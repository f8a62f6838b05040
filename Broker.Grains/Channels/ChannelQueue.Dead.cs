using Broker.Channels;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// Messages that had all of their attempts, or expired where the policy keeps those. Such a message is dying until the channel's store has it as a dead letter; it holds the floor until then, and
/// comes again if the process ends before.
/// </summary>
public sealed partial class ChannelQueue
{
    /// <summary>Which dead letters the channel's store has.</summary>
    public DeadNumbers Letters { get; private set; } = new();

    /// <summary>Messages that were given up, in the order in which that was, and are not in the store yet.</summary>
    public IReadOnlyList<DyingMessage> Dying => _dying.All;

    /// <summary>How many messages were dying in all, those that are dying still included.</summary>
    public long Condemned => _dying.Total;

    /// <summary>Messages that were given up and are kept.</summary>
    public long Dead => Letters.Count + Dying.Count;

    /// <summary>The store has the first of the dying messages now.</summary>
    /// <param name="count">How many messages; those of them that are not among the letters could not be read.</param>
    /// <param name="letters">The dead letters, in order.</param>
    /// <param name="missing">What is said of those that could not be read.</param>
    public void Bury(int count, IReadOnlyList<DeadLetter> letters, DiscardCause missing)
    {
        int next = 0;
        for (int i = 0; i < count; i++)
        {
            if (next < letters.Count && letters[next].Offset == Dying[i].Offset)
            {
                _notes.Bury(Dying[i].Offset);
                Letters.Add(letters[next].Number, letters[next].Size);
                next++;
                continue;
            }

            Books.Discard(missing);
            _notes.Finish(Dying[i].Offset);
        }

        _dying.Remove(count);
    }

    /// <summary>The first of the dying messages are in the log of another topic now.</summary>
    /// <param name="count">How many messages; those of them that were not sent could not be read.</param>
    /// <param name="sent">Offsets of those that were sent.</param>
    /// <param name="missing">What is said of those that could not be read.</param>
    public void SendOff(int count, IReadOnlySet<long> sent, DiscardCause missing)
    {
        foreach (DyingMessage message in Dying.Take(count))
        {
            Books.Discard(sent.Contains(message.Offset) ? DiscardCause.DeadLettered : missing);
            _notes.Finish(message.Offset);
        }

        _dying.Remove(count);
    }

    /// <summary>Messages that were delivered, deferred or dead before and wait to be delivered again.</summary>
    public long Redelivering => _redeliveries.Bodiless + _redeliveries.Runs.Messages;

    /// <summary>The store has made messages of dead letters again: they wait, without attempts.</summary>
    public void Revive(IReadOnlyList<DeadLetter> letters)
    {
        foreach (DeadLetter letter in letters)
        {
            Letters.Remove(letter.Number, letter.Number + 1, letter.Size);
            _notes.RecoverKept(letter.Offset);
            _redeliveries.Recover(new DeferredMessage(letter.Offset, 0));
        }
    }

    /// <summary>Gives dead letters up for good.</summary>
    /// <param name="from">Number of the first.</param>
    /// <param name="to">One past the number of the last.</param>
    /// <param name="size">Bytes that they took.</param>
    /// <param name="cause">Why.</param>
    public void DiscardDead(long from, long to, long size, DiscardCause cause)
    {
        Books.Discard(cause, Letters.Remove(from, to, size));
        _notes.RemoveDead(from, to, size);
    }

    // A message that had all of its attempts: it is kept where the policy says so and the channel has a store.
    private void GiveUp(long offset, ushort attempts, DeadCause cause, Consumer consumer, Moment now)
    {
        Books.Die(cause);
        if (_retries.KeepsDead && !_limits.OwnsBodies)
        {
            _dying.Add(new DyingMessage(offset, attempts, cause, now.Wall, consumer));
            return;
        }

        Books.Discard(DiscardCause.GivenUp);
        _notes.Finish(offset);
    }
}
