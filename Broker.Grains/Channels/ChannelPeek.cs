using Broker.Channels;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// One look at messages of a channel. Bodies that are not in memory are read from the log; the queue goes on meanwhile, so what is seen is what
/// stood there at some moment of the look.
/// </summary>
/// <param name="open">The channel.</param>
/// <param name="request">What to look at.</param>
/// <param name="now">The time.</param>
internal sealed class ChannelPeek(OpenChannel open, PeekRequest request, Moment now)
{
    private const int ReadBytes = 128 << 10;

    private readonly List<PeekedMessage> _seen = [];
    private MessageBatch? _last;
    private bool _isMore;

    /// <summary>Looks.</summary>
    /// <exception cref="StoreException">The log cannot be read now.</exception>
    public async Task<PeekReply> LookAsync()
    {
        if (request.Id is { } id)
        {
            if (MessageId.PrefixOf(id) == open.IdPrefix && open.Queue.Find(MessageId.OffsetOf(id)) is { } message)
                await AddAsync(message);
        }
        else
        {
            await LookThroughAsync();
        }

        return new PeekReply { Messages = [.. _seen], Next = _isMore ? _seen[^1].Id : null };
    }

    private async Task LookThroughAsync()
    {
        // An id of another node or generation says nothing about where to begin here.
        long from = request.After is { } after && MessageId.PrefixOf(after) == open.IdPrefix ? MessageId.OffsetOf(after) + 1 : 0;
        foreach (StandingMessage message in open.Queue.Standing(request.Stage, from, request.Limit + 1))
        {
            if (IsFull())
                return;
            await AddAsync(message);
            from = message.Offset + 1;
        }

        if (request.Stage == MessageStage.Waiting && open.Reader is { } reader)
            await LookThroughLogAsync(reader, Math.Max(from, open.Queue.Cursor));
    }

    private async Task LookThroughLogAsync(ITopicReader reader, long from)
    {
        while (from < open.Queue.End)
        {
            LogRead read = await reader.ReadAsync(from, open.Queue.End, ReadBytes);
            foreach (MessageBatch batch in read.Batches)
            {
                int position = 0;
                for (int i = 0; i < batch.Count && !batch.IsDeferred; i++)
                {
                    long offset = batch.BaseOffset + i;
                    if (offset >= from && FindWaiting(offset) is { } message)
                    {
                        if (IsFull())
                            return;
                        Add(message, batch, position);
                    }

                    position += batch.SizeAt(position);
                }
            }

            if (read.End <= from)
                return;
            from = read.End;
        }
    }

    // What stood in the log when the look came to it may have moved into the window while it was read.
    private StandingMessage? FindWaiting(long offset)
    {
        if (open.Queue.WaitsInLog(offset))
            return new StandingMessage(MessageStage.Waiting, offset, 0);
        return offset < open.Queue.Cursor && open.Queue.Find(offset) is { Stage: MessageStage.Waiting } moved ? moved : null;
    }

    private bool IsFull()
    {
        _isMore |= _seen.Count == request.Limit;
        return _isMore;
    }

    private async Task AddAsync(StandingMessage message)
    {
        if (message.Body.Batch is { } held)
        {
            Add(message, held, message.Body.Position);
            return;
        }

        MessageBatch? batch = open.Queue.IsKept(message.Offset)
            ? await open.Progress!.ReadKeptAsync(message.Offset)
            : await ReadAsync(message.Offset);
        // Finished and trimmed while it was looked for, or damaged.
        if (batch is null)
            return;
        Add(message, batch, batch.PositionOf((int)(message.Offset - batch.BaseOffset)));
    }

    private async Task<MessageBatch?> ReadAsync(long offset)
    {
        if (_last is { } last && last.BaseOffset <= offset && offset < last.EndOffset)
            return last;
        LogRead read = await open.Reader!.ReadAsync(offset, offset + 1, 1);
        _last = read.Batches.FirstOrDefault(batch => batch.BaseOffset <= offset && offset < batch.EndOffset);
        return _last;
    }

    private void Add(in StandingMessage message, MessageBatch batch, int position)
    {
        ReadOnlySpan<byte> body = batch.BodyAt(position).Span;
        _seen.Add(new PeekedMessage
        {
            Id = MessageId.Of(open.IdPrefix, message.Offset),
            Stage = message.Stage,
            Timestamp = batch.TimestampAt(position),
            Attempts = message.Attempts,
            Due = message.Due,
            Deadline = message.Stage == MessageStage.InFlight ? now.ToWall(message.Deadline) : 0,
            Gateway = message.Consumer?.Gateway.Id,
            Consumer = message.Consumer?.Number ?? 0,
            Size = body.Length,
            Body = body[..Math.Min(body.Length, request.BodyLimit)].ToArray(),
        });
    }
}
