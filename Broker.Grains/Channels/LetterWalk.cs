using Broker.Channels;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>A walk through the dead letters of a channel, in the order of their numbers. Any may go meanwhile.</summary>
/// <param name="open">The channel.</param>
/// <param name="from">Number of the first.</param>
internal sealed class LetterWalk(OpenChannel open, long from)
{
    private const int ReadBytes = 512 << 10;

    /// <summary>All up to this number (exclusive) were passed.</summary>
    public long At { get; private set; } = from;

    /// <summary>The next few letters; null when there are none before a number.</summary>
    /// <param name="end">One past the last number to look at.</param>
    /// <exception cref="StoreException">They cannot be read now.</exception>
    public async Task<List<DeadLetter>?> NextAsync(long end)
    {
        if (open.Progress is not { } progress || open.Queue.Letters.Live(At, end).Cast<OffsetRange?>().FirstOrDefault() is not { } range)
        {
            At = Math.Max(At, end);
            return null;
        }

        DeadRead read = await progress.ReadDeadAsync(range.Start, range.End, ReadBytes);
        At = read.End;
        DeadNumbers there = open.Queue.Letters;
        return [.. read.Letters.Where(letter => there.Live(letter.Number, letter.Number + 1).Any())];
    }

    /// <summary>Goes back to a letter, to begin with it.</summary>
    public void Return(DeadLetter letter) => At = letter.Number;

    /// <summary>Whether a letter is among those that are meant.</summary>
    public bool Matches(DeadFilter filter, DeadLetter letter) =>
        filter.Matches(letter.Cause, letter.Time, MessageId.Of(open.IdPrefix, letter.Offset));
}
