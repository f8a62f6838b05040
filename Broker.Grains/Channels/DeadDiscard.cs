using Broker.Channels;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Channels;

/// <summary>Throws dead letters of a channel away. Their room is given back by the next <see cref="ChannelUpkeep"/>.</summary>
/// <param name="channel">The activation.</param>
/// <param name="turns">Ends a turn.</param>
/// <param name="time">The clock.</param>
internal sealed class DeadDiscard(ChannelActivation channel, ChannelTurns turns, TimeProvider time)
{
    private const long MostBytes = 32 << 20;

    /// <summary>Throws dead letters away that are meant, durably; what takes too long to look through is left for the next call.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="filter">Which are meant.</param>
    /// <param name="from">Number of the first one to look at.</param>
    /// <exception cref="StoreException">They cannot be read, or it cannot be written, now.</exception>
    public async Task<DeadDiscardReply> DiscardAsync(OpenChannel open, DeadFilter filter, long from)
    {
        if (open.Progress is not { } progress)
            return new DeadDiscardReply();
        long discarded;
        long? next = null;
        await open.DeadTurns.WaitAsync();
        try
        {
            DeadNumbers letters = open.Queue.Letters;
            if (filter == DeadFilter.All)
            {
                discarded = letters.Count;
                open.Queue.DiscardDead(0, letters.End, letters.Bytes, DiscardCause.DeadDiscarded);
            }
            else
            {
                (discarded, next) = await DiscardSomeAsync(open, filter, from);
            }

            if (!ReferenceEquals(open, channel.Open))
                return new DeadDiscardReply { Status = TopicStatus.ChannelNotFound };
            turns.End(open, Moment.Of(time));
        }
        finally
        {
            open.DeadTurns.Release();
        }

        await progress.FlushAsync();
        return new DeadDiscardReply { Discarded = discarded, Next = next };
    }

    private async Task<(long Discarded, long? Next)> DiscardSomeAsync(OpenChannel open, DeadFilter filter, long from)
    {
        LetterWalk walk = new(open, from);
        long discarded = 0;
        long looked = 0;
        long end = open.Queue.Letters.End;
        while (await walk.NextAsync(end) is { } letters && ReferenceEquals(open, channel.Open))
        {
            foreach (DeadLetter letter in letters.Where(letter => walk.Matches(filter, letter)))
            {
                open.Queue.DiscardDead(letter.Number, letter.Number + 1, letter.Size, DiscardCause.DeadDiscarded);
                discarded++;
            }

            looked += letters.Sum(letter => (long)letter.Size);
            if (looked >= MostBytes)
                return (discarded, walk.At);
        }

        return (discarded, null);
    }
}
