using Broker.Channels;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>One look at dead letters of a channel. It takes as much memory as it shows, and no longer than it takes to read a few megabytes.</summary>
/// <param name="open">The channel.</param>
/// <param name="request">What to look at.</param>
internal sealed class DeadPeek(OpenChannel open, DeadRequest request)
{
    private const long MostBytes = 8 << 20;

    /// <summary>Looks.</summary>
    /// <exception cref="StoreException">They cannot be read now.</exception>
    public async Task<DeadReply> LookAsync()
    {
        List<PeekedDeadLetter> seen = [];
        LetterWalk walk = new(open, request.From);
        long looked = 0;
        long end = open.Queue.Letters.End;
        bool isMore = false;
        while (!isMore && await walk.NextAsync(end) is { } letters)
        {
            foreach (DeadLetter letter in letters)
            {
                isMore = seen.Count == request.Limit || looked >= MostBytes;
                if (isMore)
                {
                    walk.Return(letter);
                    break;
                }

                looked += letter.Size;
                if (walk.Matches(request.Filter, letter))
                    seen.Add(Describe(letter));
            }
        }

        return new DeadReply
        {
            Letters = [.. seen],
            Next = isMore ? walk.At : null,
            Count = open.Queue.Dead,
            Bytes = open.Queue.Letters.Bytes,
        };
    }

    private PeekedDeadLetter Describe(DeadLetter letter)
    {
        MessageBatch message = letter.Message;
        ReadOnlySpan<byte> body = message.BodyAt(0).Span;
        return new PeekedDeadLetter
        {
            Number = letter.Number,
            Id = MessageId.Of(open.IdPrefix, letter.Offset),
            Timestamp = message.TimestampAt(0),
            Attempts = letter.Attempts,
            Cause = letter.Cause,
            Died = letter.Time,
            Address = letter.Address,
            ClientId = letter.ClientId,
            Size = body.Length,
            Body = body[..Math.Min(body.Length, request.BodyLimit)].ToArray(),
        };
    }
}
