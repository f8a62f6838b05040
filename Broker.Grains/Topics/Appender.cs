using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>Gives published messages their offsets and appends them, each request once.</summary>
/// <param name="topic">The activation.</param>
/// <param name="fanOut">Offers what is in the log to the channels.</param>
/// <param name="options">Limits of topics.</param>
/// <param name="traces">Traces messages.</param>
internal sealed class Appender(TopicActivation topic, FanOut fanOut, QueueOptions options, TopicTraces traces)
{
    private const string UnknownOutcome = "whether an earlier attempt is in the log is not known any more; publish it again if a duplicate does no harm";

    /// <summary>Appends a request. Its offsets are assigned and the append is handed to the log in one go: no await before that.</summary>
    /// <exception cref="FencedException">The topic is open elsewhere; nothing was appended.</exception>
    public ValueTask<TopicReply> Append(OpenTopic open, PublishRequest request)
    {
        SequenceVerdict verdict = open.Sequences.Judge(request.Publisher, request.Sequence, request.Lowest);
        if (verdict != SequenceVerdict.New)
            return new ValueTask<TopicReply>(verdict == SequenceVerdict.InLog ? TopicReply.Ok : new TopicReply(TopicStatus.Unknown, UnknownOutcome));
        foreach (PendingAppend pending in open.Pending)
        {
            if (pending.Publisher == request.Publisher && pending.Sequence == request.Sequence && pending.Outcome is { } outcome)
                return AwaitTwinAsync(outcome);
        }

        MessageBatch? batch = topic.IsEphemeral ? Fit(open, request.Batch) : request.Batch;
        if (batch is null)
        {
            topic.Books.Count(request.Batch, dropped: request.Batch.Count);
            return new ValueTask<TopicReply>(TopicReply.Ok);
        }

        if (open.Log.Refusal(batch.Records.Length) is { } refusal)
            return new ValueTask<TopicReply>(new TopicReply(TopicStatus.Full, refusal));
        batch = batch.At(open.Next);
        open.Next = batch.EndOffset;
        PendingAppend append = new(request.Publisher, request.Sequence, request.Lowest, batch) { Started = traces.Start };
        open.Pending.Enqueue(append);
        ValueTask write = open.Log.AppendAsync(batch, request.Publisher, request.Sequence, request.Lowest);
        if (!write.IsCompletedSuccessfully)
            return AwaitAppendAsync(open, append, write, request.Batch);
        // The log uses what it returned again, once its outcome was taken.
        write.GetAwaiter().GetResult();
        Commit(open, append, request.Batch);
        return new ValueTask<TopicReply>(TopicReply.Ok);
    }

    private async ValueTask<TopicReply> AwaitAppendAsync(OpenTopic open, PendingAppend append, ValueTask write, MessageBatch published)
    {
        TaskCompletionSource<string?> outcome = new();
        append.Outcome = outcome.Task;
        try
        {
            await write;
        }
        catch (StoreException e)
        {
            topic.Books.FailedCount += published.Count;
            if (!open.Broken)
                topic.Log.AppendFailed(topic.Name, e.Message);
            open.Broken = true;
            outcome.SetResult(e.Message);
            if (e is FencedException && (topic.IsLeaving || !topic.IsClosing))
            {
                // Not deleted, but elsewhere by now: whoever asks again gets there.
                topic.Leave();
                throw;
            }

            return new TopicReply(TopicStatus.Failed, e.Message);
        }

        Commit(open, append, published);
        outcome.SetResult(null);
        return TopicReply.Ok;
    }

    private async ValueTask<TopicReply> AwaitTwinAsync(Task<string?> outcome)
    {
        if (await outcome is not { } cause)
            return TopicReply.Ok;
        topic.ThrowIfLeaving();
        return new TopicReply(TopicStatus.Failed, cause);
    }

    private void Commit(OpenTopic open, PendingAppend append, MessageBatch published)
    {
        topic.Books.Count(published, dropped: published.Count - append.Batch.Count);
        traces.Appended(open, append);
        foreach (ChannelFeed feed in open.CommitThrough(append.Batch.EndOffset) ?? [])
        {
            topic.Log.FeedLacks(topic.Name, feed.Record.Name, append.Batch.BaseOffset, feed.From);
            topic.NoteBreach();
            // What is remembered of the topic is wrong; the log is right.
            open.Broken = true;
        }

        if (ReferenceEquals(open, topic.Open))
            fanOut.OfferAll(open);
    }

    // An ephemeral topic holds no more than the memory queue's size; the rest is dropped although the publish succeeds (spec 2.2).
    private MessageBatch? Fit(OpenTopic open, MessageBatch batch)
    {
        if (!open.Held)
            return batch;
        long pending = open.Pending.Sum(append => (long)append.Batch.Count);
        long room = options.MemQueueSize - open.HeldCount.Total - pending;
        if (room >= batch.Count)
            return batch;
        if (room <= 0)
            return null;
        return new MessageBatch
        {
            BaseOffset = MessageBatch.Unassigned,
            Count = (int)room,
            Records = batch.Records.AsSpan(0, batch.PositionOf((int)room)).ToArray(),
            DueTimes = batch.DueTimes?[..(int)room],
        };
    }
}
