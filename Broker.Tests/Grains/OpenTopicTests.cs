using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Memory;

namespace Broker.Tests.Grains;

public sealed class OpenTopicTests
{
    [Fact]
    public async Task What_is_emptied_joins_what_was_emptied_before()
    {
        OpenTopic open = await OpenAsync("c");
        open.HandedOver = 4;
        open.Committed = 10;
        open.Record = open.RecordWithout(10);
        Assert.Equal([new OffsetRange(4, 10)], open.Record.Hidden);
        open.Empty(10, default);
        open.Committed = 15;
        Assert.Equal([new OffsetRange(4, 15)], open.RecordWithout(15).Hidden);
        open.HandedOver = 12;
        Assert.Equal([new OffsetRange(4, 10), new OffsetRange(12, 15)], open.RecordWithout(15).Hidden);
    }

    [Fact]
    public async Task Without_channels_the_head_moves_past_what_is_emptied()
    {
        OpenTopic open = await OpenAsync();
        open.Committed = 10;
        TopicRecord record = open.RecordWithout(10);
        Assert.Equal((10, 10, 0), (record.Head, record.Cursor, record.Hidden.Count));
    }

    [Fact]
    public async Task Channels_pass_by_what_is_emptied_and_what_came_since_stays_held()
    {
        OpenTopic open = await OpenAsync("c");
        open.Committed = 12;
        open.HeldCount = new LogCount(Messages: 10, Deferred: 2, Bytes: 120);
        open.Empty(10, new LogCount(Messages: 9, Deferred: 1, Bytes: 100));
        Assert.Equal(new LogCount(1, 1, 20), open.HeldCount);
        Assert.Equal((10, 10), (open.HandedOver, open.Feeds["c"].End));
        Assert.Equal(0, open.Feeds["c"].TakeOffer().Messages);
    }

    [Fact]
    public async Task Nothing_is_trimmed_before_every_channel_has_reported()
    {
        OpenTopic open = await OpenAsync("a", "b");
        open.HandedOver = 100;
        open.Feeds["a"].DurableFloor = 40;
        Assert.Null(open.TrimmableBelow());
        open.Feeds["b"].DurableFloor = 60;
        Assert.Equal(40, open.TrimmableBelow());
    }

    [Fact]
    public async Task Feeds_go_on_where_they_were_when_the_log_is_opened_again()
    {
        OpenTopic broken = await OpenAsync("a", "b");
        foreach (ChannelFeed feed in broken.Feeds.Values)
        {
            feed.AddUnread(10);
            feed.Restart(7);
        }

        broken.Feeds["a"].DurableFloor = 5;
        OpenTopic open = await OpenAsync("a", "b");
        foreach (ChannelFeed feed in open.Feeds.Values)
            feed.AddUnread(12);
        // One that was made again in between begins by itself.
        open.Feeds["b"].Record = open.Feeds["b"].Record with { Incarnation = 9 };
        open.Resume(broken);
        Assert.Equal((7L, 5L), (open.Feeds["a"].From, open.Feeds["a"].DurableFloor));
        Assert.Equal((0L, null), (open.Feeds["b"].From, open.Feeds["b"].DurableFloor));
        Assert.All(broken.Feeds.Values, feed => Assert.True(feed.Removed));
    }

    private static async Task<OpenTopic> OpenAsync(params string[] channels)
    {
        ITopicLog log = (await new MemoryMessageStore().OpenTopicAsync("t", create: true))!;
        OpenTopic open = new(log, Feed);
        for (int i = 0; i < channels.Length; i++)
            open.Feeds.Add(channels[i], Feed(new ChannelRecord(channels[i], i + 1, 0, Paused: false), 0));
        return open;
    }

    private static ChannelFeed Feed(ChannelRecord record, long handedOver) => new(record, handedOver, ownsBodies: false, maxPendingMessages: 100);
}
