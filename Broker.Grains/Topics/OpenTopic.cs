using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Topics;

/// <summary>A topic whose log is open: its record, how far it is, and the feeds of its channels.</summary>
public sealed class OpenTopic
{
    private readonly SingleRun _verification = new();
    private long _verifiedEnd = -1;

    /// <summary>Takes over what the store knows.</summary>
    public OpenTopic(ITopicLog log, Func<ChannelRecord, long, ChannelFeed> createFeed)
    {
        Log = log;
        Record = log.Record;
        Committed = log.End;
        bool held = Record.Paused || Record.Channels.Count == 0;
        HandedOver = held ? Record.Cursor ?? (Record.Channels.Count == 0 ? Record.Head : log.End) : log.End;
        foreach (ChannelRecord channel in Record.Channels)
        {
            ChannelFeed feed = createFeed(channel, HandedOver);
            feed.WasOpen = true;
            Feeds.Add(channel.Name, feed);
        }

        Appends = new TopicAppends(log);
    }

    /// <summary>The log.</summary>
    public ITopicLog Log { get; }

    /// <summary>The record as last saved.</summary>
    public TopicRecord Record { get; set; }

    /// <summary>The incarnation that the next channel gets. None was ever used before, not even by an earlier topic of this name.</summary>
    public long NextIncarnation => Math.Max(Record.NextIncarnation, FirstIncarnationOf(Log.Generation));

    /// <summary>All below is in the log, and the topic has taken note of it.</summary>
    public long Committed { get; set; }

    /// <summary>All below was handed to the channels, or emptied: the fan-out cursor.</summary>
    public long HandedOver { get; set; }

    /// <summary>Whether what is published stays with the topic.</summary>
    public bool Held => Frozen || Record.Paused || Feeds.Count == 0;

    /// <summary>While a change of the record is under way that must not see the cursor move.</summary>
    public bool Frozen { get; set; }

    /// <summary>Messages between <see cref="HandedOver"/> and <see cref="Committed"/>.</summary>
    public LogCount HeldCount { get; set; }

    /// <summary>Whether an append has failed: the log must be opened again.</summary>
    public bool Broken { get; set; }

    /// <summary>The feeds of the channels, by name.</summary>
    public SortedDictionary<string, ChannelFeed> Feeds { get; } = new(StringComparer.Ordinal);

    /// <summary>What is appended.</summary>
    internal TopicAppends Appends { get; }

    /// <summary>The first incarnation of channels of a topic's generation.</summary>
    public static long FirstIncarnationOf(int generation) => ((long)generation << 32) + 1;

    /// <summary>Completes when this opening is still the last one: the store says so, or has taken an append since it was last asked.</summary>
    /// <exception cref="FencedException">Another opening has taken over, or the topic was deleted.</exception>
    /// <exception cref="StoreException">The store cannot be asked now.</exception>
    public Task VerifyAsync()
    {
        if (_verifiedEnd == Committed)
            return _verification.JoinAsync(() => Log.VerifyAsync().AsTask());
        _verifiedEnd = Committed;
        return Task.CompletedTask;
    }

    /// <summary>A channel is no longer in the record.</summary>
    public void Remove(ChannelFeed feed)
    {
        Feeds.Remove(feed.Record.Name);
        feed.Removed = true;
    }

    /// <summary>A batch is in the log.</summary>
    /// <returns>The feeds that lacked something before, which must never be; null for none.</returns>
    public List<ChannelFeed>? Commit(MessageBatch batch)
    {
        long before = Committed;
        Committed = batch.EndOffset;
        if (Held)
        {
            HeldCount = batch.IsDeferred
                ? HeldCount with { Deferred = HeldCount.Deferred + batch.Count, Bytes = HeldCount.Bytes + batch.BodyBytes }
                : HeldCount with { Messages = HeldCount.Messages + batch.Count, Bytes = HeldCount.Bytes + batch.BodyBytes };
            return null;
        }

        HandedOver = batch.EndOffset;
        List<ChannelFeed>? lacking = null;
        foreach (ChannelFeed feed in Feeds.Values)
        {
            if (!feed.Add(batch, before))
                (lacking ??= []).Add(feed);
        }

        return lacking;
    }

    /// <summary>Hands what was held to the channels, if nothing holds it any more.</summary>
    public void Release()
    {
        if (Held || HandedOver >= Committed)
            return;
        HandedOver = Committed;
        foreach (ChannelFeed feed in Feeds.Values)
            feed.AddRange(Committed, HeldCount);
        HeldCount = default;
    }

    /// <summary>The record as it is to be when all that the topic holds below <paramref name="end"/> is emptied.</summary>
    public TopicRecord RecordWithout(long end) => Feeds.Count == 0
        ? Record with { Head = end, Cursor = end }
        : Record with { Cursor = end, Hidden = Join(Record.Hidden, new OffsetRange(HandedOver, end)) };

    /// <summary>Forgets what the topic held below <paramref name="end"/>; the channels pass it by.</summary>
    public void Empty(long end, LogCount emptied)
    {
        HandedOver = end;
        HeldCount = new LogCount(HeldCount.Messages - emptied.Messages, HeldCount.Deferred - emptied.Deferred, HeldCount.Bytes - emptied.Bytes);
        foreach (ChannelFeed feed in Feeds.Values)
            feed.AddRange(end, default);
    }

    /// <summary>Takes over where the channels are from an opening whose log has broken.</summary>
    public void Resume(OpenTopic broken)
    {
        foreach ((string name, ChannelFeed before) in broken.Feeds)
        {
            if (!Feeds.TryGetValue(name, out ChannelFeed? feed))
                continue;
            if (feed.Record.Incarnation == before.Record.Incarnation)
            {
                // What was not yet offered when the log broke, and what turned out to be in the log after all, is offered from the log.
                feed.Restart(Math.Min(before.From, feed.End));
                feed.DurableFloor = before.DurableFloor;
            }

            before.Removed = true;
        }
    }

    /// <summary>The offset up to which the log may be trimmed, or null while a channel has not reported.</summary>
    public long? TrimmableBelow()
    {
        long below = Feeds.Count == 0 ? Record.Head : HandedOver;
        foreach (ChannelFeed feed in Feeds.Values)
        {
            if (feed.DurableFloor is not { } floor)
                return null;
            below = Math.Min(below, floor);
        }

        return below;
    }

    private static IReadOnlyList<OffsetRange> Join(IReadOnlyList<OffsetRange> ranges, OffsetRange added) =>
        ranges.Count > 0 && ranges[^1].End == added.Start
            ? [.. ranges.Take(ranges.Count - 1), ranges[^1] with { End = added.End }]
            : [.. ranges, added];
}
