using Broker.Channels;
using Broker.Grains.Channels;
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

    // None of them is in flight, so there is no deadline to tell by the time.
    private readonly PeekedMessages _seen = new(idPrefix, request, default);

    /// <summary>Looks.</summary>
    /// <exception cref="StoreException">The log cannot be read now.</exception>
    public async Task<PeekReply> LookAsync()
    {
        if (!_seen.IsOfOne)
            await LookThroughAsync(_seen.From, long.MaxValue);
        else if (_seen.OffsetOfOne is { } offset)
            await LookThroughAsync(offset, offset + 1);
        return _seen.Reply;
    }

    private async Task LookThroughAsync(long from, long to)
    {
        from = Math.Max(from, open.HandedOver);
        to = Math.Min(to, open.Committed);
        while (from < to)
        {
            LogRead read = await open.Log.ReadAsync(from, to, ReadBytes);
            foreach (MessageBatch batch in read.Batches)
            {
                if (!TryAdd(batch, from, to))
                    return;
            }

            if (read.End <= from)
                return;
            from = read.End;
        }
    }

    /// <summary>Adds what of a batch is between two offsets; false when there is more than was asked for.</summary>
    private bool TryAdd(MessageBatch batch, long from, long to)
    {
        int position = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            long offset = batch.BaseOffset + i;
            if (offset >= from && offset < to && !open.Log.Hidden.Any(range => range.Start <= offset && offset < range.End))
            {
                if (_seen.IsFull())
                    return false;
                MessageStage stage = batch.IsDeferred ? MessageStage.Deferred : MessageStage.Waiting;
                _seen.Add(new StandingMessage(stage, offset, 0) { Due = batch.DueTimes?[i] ?? 0 }, batch, position);
            }

            position += batch.SizeAt(position);
        }

        return true;
    }
}
