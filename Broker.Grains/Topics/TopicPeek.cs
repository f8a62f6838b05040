using Broker.Channels;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Topics;

/// <summary>One look at messages that a topic holds: those that no channel has got. The topic goes on meanwhile.</summary>
/// <param name="open">The topic.</param>
/// <param name="idPrefix">What is in the ids of its messages beside their offsets.</param>
/// <param name="request">What to look at; its stage is of no effect.</param>
internal sealed class TopicPeek(OpenTopic open, ulong idPrefix, PeekRequest request)
{
    private const int ReadBytes = 128 << 10;

    private readonly List<PeekedMessage> _seen = [];
    private bool _isMore;

    /// <summary>Looks.</summary>
    /// <exception cref="StoreException">The log cannot be read now.</exception>
    public async Task<PeekReply> LookAsync()
    {
        if (request.Id is { } id)
        {
            if (MessageId.PrefixOf(id) == idPrefix)
                await LookThroughAsync(MessageId.OffsetOf(id), MessageId.OffsetOf(id) + 1);
        }
        else
        {
            // An id of another node or generation says nothing about where to begin here.
            long from = request.After is { } after && MessageId.PrefixOf(after) == idPrefix ? MessageId.OffsetOf(after) + 1 : 0;
            await LookThroughAsync(from, long.MaxValue);
        }

        return new PeekReply { Messages = [.. _seen], Next = _isMore ? _seen[^1].Id : null };
    }

    private async Task LookThroughAsync(long from, long to)
    {
        from = Math.Max(from, open.HandedOver);
        to = Math.Min(to, open.Committed);
        while (from < to && !_isMore)
        {
            LogRead read = await open.Log.ReadAsync(from, to, ReadBytes);
            foreach (MessageBatch batch in read.Batches)
                Add(batch, from, to);
            if (read.End <= from)
                return;
            from = read.End;
        }
    }

    private void Add(MessageBatch batch, long from, long to)
    {
        int position = 0;
        for (int i = 0; i < batch.Count && !_isMore; i++)
        {
            long offset = batch.BaseOffset + i;
            if (offset >= from && offset < to && !open.Log.Hidden.Any(range => range.Start <= offset && offset < range.End))
            {
                _isMore = _seen.Count == request.Limit;
                if (!_isMore)
                    _seen.Add(Describe(batch, i, position));
            }

            position += batch.SizeAt(position);
        }
    }

    private PeekedMessage Describe(MessageBatch batch, int index, int position)
    {
        ReadOnlySpan<byte> body = batch.BodyAt(position).Span;
        return new PeekedMessage
        {
            Id = MessageId.Of(idPrefix, batch.BaseOffset + index),
            Stage = batch.IsDeferred ? MessageStage.Deferred : MessageStage.Waiting,
            Timestamp = batch.TimestampAt(position),
            Attempts = 0,
            Due = batch.DueTimes?[index] ?? 0,
            Size = body.Length,
            Body = body[..Math.Min(body.Length, request.BodyLimit)].ToArray(),
        };
    }
}
