using Broker.Policies;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>Appends what is published, and has the topic take note of what is in its log.</summary>
/// <param name="topic">The activation.</param>
/// <param name="fanOut">Offers what is in the log to the channels.</param>
/// <param name="options">Limits of topics.</param>
/// <param name="traces">Traces messages.</param>
internal sealed class Appender(TopicActivation topic, FanOut fanOut, QueueOptions options, TopicTraces traces)
{
    /// <summary>Appends a request in a turn of the topic.</summary>
    /// <exception cref="FencedException">The topic is open elsewhere; nothing was appended.</exception>
    public ValueTask<TopicReply> Append(OpenTopic open, PublishRequest request)
    {
        long room = topic.IsEphemeral && open.Held ? options.MemQueueSize - open.HeldCount.Total : long.MaxValue;
        AppendStart start = open.Appends.Begin(request, room, traces.Start);
        if (start.IsDropped)
            topic.Books.Count(request.Batch, dropped: request.Batch.Count);
        if (start.Twin is { } twin)
            return AwaitTwinAsync(twin);
        if (start.Answer is not { } answer)
            return AwaitAppendAsync(open, start.Append!, start.Write);
        if (start.Append is not null)
            Commit(open);
        return new ValueTask<TopicReply>(answer);
    }

    /// <summary>Appends a request beside the topic's turns; may be called by any thread. The topic is to take note of it (<see cref="CommitSoon"/>).</summary>
    public ValueTask<TopicReply> AppendBeside(OpenTopic open, PublishRequest request)
    {
        AppendStart start = open.Appends.Begin(request, room: long.MaxValue, traces.Start);
        if (start.Twin is { } twin)
            return AwaitTwinAsync(twin);
        if (start.Answer is not { } answer)
            return new ValueTask<TopicReply>(topic.RunAsync(() => AwaitAppendAsync(open, start.Append!, start.Write)));
        return new ValueTask<TopicReply>(answer);
    }

    /// <summary>Has the topic take note of what was appended beside its turns. May be called by any thread.</summary>
    public void CommitSoon(OpenTopic open)
    {
        if (open.Appends.TryCallForCommit())
            topic.Run(() => Commit(open));
    }

    private async ValueTask<TopicReply> AwaitAppendAsync(OpenTopic open, PendingAppend append, ValueTask write)
    {
        try
        {
            await write;
        }
        catch (StoreException e)
        {
            topic.Books.FailedCount += append.Published.Count;
            if (!open.Broken)
                topic.Log.AppendFailed(topic.Name, e.Message);
            open.Broken = true;
            open.Appends.End(append, e.Message);
            // A lane that was taken back a moment ago: whoever asks again is told by the topic as it is now.
            if (e is FencedException && !ReferenceEquals(open, topic.Open))
                throw;
            if (e is FencedException && (topic.IsLeaving || !topic.IsClosing))
            {
                // Not deleted, but elsewhere by now: whoever asks again gets there.
                topic.Leave();
                throw;
            }

            return new TopicReply(TopicStatus.Failed, e.Message);
        }

        open.Appends.End(append, failure: null);
        Commit(open);
        return TopicReply.Ok;
    }

    private async ValueTask<TopicReply> AwaitTwinAsync(Task<string?> outcome)
    {
        if (await outcome is not { } cause)
            return TopicReply.Ok;
        topic.ThrowIfLeaving();
        return new TopicReply(TopicStatus.Failed, cause);
    }

    private void Commit(OpenTopic open)
    {
        while (open.Appends.TryTake(out PendingAppend? append))
        {
            topic.Books.Count(append.Published, dropped: append.Published.Count - append.Batch.Count);
            traces.Appended(open, append);
            foreach (ChannelFeed feed in open.Commit(append.Batch) ?? [])
            {
                topic.Log.FeedLacks(topic.Name, feed.Record.Name, append.Batch.BaseOffset, feed.From);
                topic.NoteBreach();
                // What is remembered of the topic is wrong; the log is right.
                open.Broken = true;
            }
        }

        if (ReferenceEquals(open, topic.Open))
            fanOut.OfferAll(open);
    }
}
