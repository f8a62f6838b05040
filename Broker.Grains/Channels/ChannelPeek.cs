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

    private readonly PeekedMessages _seen = new(open.IdPrefix, request, now);
    private MessageBatch? _last;

    /// <summary>Looks.</summary>
    /// <exception cref="StoreException">The log cannot be read now.</exception>
    public async Task<PeekReply> LookAsync()
    {
        if (!_seen.IsOfOne)
            await LookThroughAsync();
        else if (_seen.OffsetOfOne is { } offset && open.Queue.Find(offset) is { } message)
            await AddAsync(message);
        return _seen.Reply;
    }

    private async Task LookThroughAsync()
    {
        long from = _seen.From;
        foreach (StandingMessage message in open.Queue.Standing(request.Stage, from, request.Limit + 1))
        {
            if (_seen.IsFull())
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
                        if (_seen.IsFull())
                            return;
                        _seen.Add(message, batch, position);
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

    private async Task AddAsync(StandingMessage message)
    {
        if (message.Body.Batch is { } held)
        {
            _seen.Add(message, held, message.Body.Position);
            return;
        }

        MessageBatch? batch = open.Queue.IsKept(message.Offset)
            ? await open.Progress!.ReadKeptAsync(message.Offset)
            : await ReadAsync(message.Offset);
        // Finished and trimmed while it was looked for, or damaged.
        if (batch is null)
            return;
        _seen.Add(message, batch, batch.PositionOf((int)(message.Offset - batch.BaseOffset)));
    }

    private async Task<MessageBatch?> ReadAsync(long offset)
    {
        if (_last is { } last && last.BaseOffset <= offset && offset < last.EndOffset)
            return last;
        LogRead read = await open.Reader!.ReadAsync(offset, offset + 1, 1);
        _last = read.Batches.FirstOrDefault(batch => batch.BaseOffset <= offset && offset < batch.EndOffset);
        return _last;
    }
}
