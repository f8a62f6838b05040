using Broker.Channels;
using Broker.Tests.Running;
using Broker.Topics;

namespace Broker.Tests.Metrics;

/// <summary>
/// At rest what came into a channel is where it went: started with + published = finished + discarded + depth + in flight + deferred + dead.
/// </summary>
public sealed class BooksTests
{
    [Fact]
    public async Task The_books_balance_whatever_happens_to_messages()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        await broker.Topic("t").CreateChannelAsync("c");
        NsqSocket producer = await broker.OpenAsync();
        await producer.PublishAsync("t", [.. Enumerable.Range(0, 50).Select(i => $"{i}")]);
        foreach (int delay in (int[])[3_600_000, 3_600_000, 1_000])
        {
            await producer.SendAsync(NsqCommand.Dpub("t", $"{delay}", "later"));
            await producer.ExpectOkAsync();
        }

        await broker.UntilAsync("t", "c", stats => stats.MessageCount == 53);
        NsqSocket consumer = await broker.OpenAsync();
        await consumer.IdentifyAsync("""{"msg_timeout":10000}""");
        await consumer.SubscribeAsync("t", "c", ready: 20);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(20);
        await consumer.ReadyAsync(0);
        foreach (NsqMessage message in messages[..10])
            await consumer.FinishAsync(message);
        await consumer.RequeueAsync(messages[10], 0);
        await consumer.RequeueAsync(messages[11], 600_000);
        await broker.UntilAsync("t", "c", stats => stats is { Finished: 10, Requeued: 2 });
        ChannelStats stats = await AssertBalancedAsync(broker, "t", "c");
        Assert.Equal((0, 53, 20, 4, 8), (stats.StartedWith, stats.MessageCount, stats.Delivered, stats.Deferrals, stats.InFlight));

        await broker.PassAsync(TimeSpan.FromSeconds(11), consumer, producer);
        await broker.UntilAsync("t", "c", stats => stats.TimedOut == 8);
        stats = await AssertBalancedAsync(broker, "t", "c");
        Assert.Equal((40, 0, 3), (stats.Depth, stats.InFlight, stats.Deferred));

        await broker.RestartAsync();
        stats = await AssertBalancedAsync(broker, "t", "c");
        Assert.Equal((43, 0, 0), (stats.StartedWith, stats.MessageCount, stats.Finished));

        consumer = await broker.SubscribeAsync("t", "c", ready: 5);
        await consumer.ExpectMessagesAsync(5);
        await broker.Topic("t").EmptyChannelAsync("c");
        stats = await AssertBalancedAsync(broker, "t", "c");
        Assert.Equal((43, 43, 0), (stats.Discarded, stats.DiscardedByCause[(int)DiscardCause.Emptied], stats.Depth + stats.InFlight + stats.Deferred));
    }

    [Fact]
    public async Task Sampled_messages_are_discarded()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.OpenAsync();
        await consumer.IdentifyAsync("""{"sample_rate":20}""");
        await consumer.SubscribeAsync("t", "c", ready: 1000);
        await broker.PublishAsync("t", [.. Enumerable.Range(0, 500).Select(i => $"{i}")]);
        await broker.UntilAsync("t", "c", stats => stats.InFlight + stats.Discarded == 500);
        ChannelStats stats = await AssertBalancedAsync(broker, "t", "c");
        Assert.Equal(stats.Discarded, stats.DiscardedByCause[(int)DiscardCause.Sampled]);
        Assert.InRange(stats.Discarded, 250, 450);
    }

    [Fact]
    public async Task What_an_ephemeral_channel_drops_is_discarded()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Queue.MemQueueSize = 10);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c#ephemeral");
        await broker.PublishAsync("t", [.. Enumerable.Range(0, 100).Select(i => $"{i}")]);
        await broker.UntilAsync("t", "c#ephemeral", stats => stats.MessageCount == 100);
        ChannelStats stats = await AssertBalancedAsync(broker, "t", "c#ephemeral");
        Assert.Equal((10, 90), (stats.Depth, stats.DiscardedByCause[(int)DiscardCause.Dropped]));
        await consumer.ReadyAsync(4);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(4);
        await consumer.FinishAsync(messages[0]);
        await consumer.RequeueAsync(messages[1], 60_000);
        await broker.UntilAsync("t", "c#ephemeral", stats => stats is { Finished: 1, Requeued: 1 });
        await AssertBalancedAsync(broker, "t", "c#ephemeral");
    }

    [Fact]
    public async Task What_an_ephemeral_topic_drops_is_the_topics()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Queue.MemQueueSize = 10);
        await broker.PublishAsync("t#ephemeral", [.. Enumerable.Range(0, 100).Select(i => $"{i}")]);
        TopicStats topic = await broker.StatsAsync("t#ephemeral");
        Assert.Equal((100, 10, 90), (topic.MessageCount, topic.Depth, topic.Dropped));
        await broker.Topic("t#ephemeral").EmptyAsync();
        topic = await broker.StatsAsync("t#ephemeral");
        Assert.Equal((0, 10), (topic.Depth, topic.Emptied));
        await broker.SubscribeAsync("t#ephemeral", "c");
        await broker.PublishAsync("t#ephemeral", "one");
        await broker.UntilAsync("t#ephemeral", "c", stats => stats.MessageCount == 1);
        await AssertBalancedAsync(broker, "t#ephemeral", "c");
    }

    private static async Task<ChannelStats> AssertBalancedAsync(RunningBroker broker, string topic, string channel)
    {
        ChannelStats stats = (await broker.StatsAsync(topic, channel))!;
        Assert.Equal(stats.Discarded, stats.DiscardedByCause.Sum());
        Assert.Equal(0, stats.DiscardedByCause[(int)DiscardCause.Lost]);
        Assert.Equal(stats.StartedWith + stats.MessageCount, stats.Finished + stats.Discarded + stats.Depth + stats.InFlight + stats.Deferred + stats.Dead);
        return stats;
    }
}
