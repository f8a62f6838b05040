using Broker.Channels;
using Broker.Policies;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Topics;

namespace Broker.Tests.Grains;

/// <summary>What a topic's policy says of how much and how long it keeps.</summary>
public sealed class BoundedTopicTests
{
    private const int Bound = 1 << 20;
    private const int Size = 50_000;

    [Fact]
    public async Task A_full_topic_refuses_until_its_channels_have_made_room()
    {
        await using HttpBroker broker = await StartAsync(new TopicPolicy { MaxBytes = Bound }, "c");
        int published = 0;
        HttpReply reply;
        while ((reply = await broker.PostAsync("/pub?topic=t", Body(published))).Status == 200)
            published++;
        Assert.InRange(published, 15, Bound / Size);
        string reason = $"topic t is full: it may take {Bound} bytes by its policy";
        reply.IsError(503, reason);
        (await broker.PostAsync("/mpub?topic=t", Body(published))).IsError(503, reason);
        NsqSocket publisher = await broker.Broker.OpenAsync();
        await publisher.SendAsync(NsqCommand.Pub("t", Body(published)));
        await publisher.ExpectFatalAsync($"E_PUB_FAILED PUB failed {reason}");

        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        for (int i = 0; i < published; i++)
            await consumer.FinishAsync(await consumer.ExpectMessageAsync(Body(i)));
        await broker.Broker.UntilAsync("t", "c", stats => stats.Finished == published);
        await PublishAsync(broker, published);
        await consumer.FinishAsync(await consumer.ExpectMessageAsync(Body(published)));
    }

    [Fact]
    public async Task The_oldest_messages_make_room_and_each_channel_counts_its_own()
    {
        const int count = 80;
        await using HttpBroker broker = await StartAsync(new TopicPolicy { MaxBytes = Bound, OnFull = TopicPolicy.DropOldest }, "slow", "quick");
        NsqSocket quick = await broker.Broker.SubscribeAsync("t", "quick", ready: 1);
        for (int i = 0; i < count; i++)
        {
            await PublishAsync(broker, i);
            await quick.FinishAsync(await quick.ExpectMessageAsync(Body(i)));
        }

        await broker.Broker.UntilAsync("t", "quick", stats => stats is { Finished: count, Discarded: 0, Depth: 0 });
        ChannelStats slow = (await broker.Broker.StatsAsync("t", "slow"))!;
        Assert.Equal((count, slow.DiscardedBy(DiscardCause.Overflowed)), (slow.Depth + slow.Discarded, slow.Discarded));
        Assert.InRange(slow.Depth, Bound / Size / 2, Bound * 5 / 4 / Size);
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "slow", ready: 1);
        for (long i = slow.Discarded; i < count; i++)
            await consumer.FinishAsync(await consumer.ExpectMessageAsync(Body((int)i)));
        await broker.Broker.UntilAsync("t", "slow", stats => stats.Depth + stats.InFlight == 0);
    }

    [Fact]
    public async Task What_a_topic_holds_without_channels_makes_room_too()
    {
        const int count = 60;
        await using HttpBroker broker = await StartAsync(new TopicPolicy { MaxBytes = Bound, OnFull = TopicPolicy.DropOldest });
        for (int i = 0; i < count; i++)
            await PublishAsync(broker, i);
        TopicStats stats = await broker.Broker.StatsAsync("t");
        Assert.Equal(count, stats.Depth + stats.Dropped);
        Assert.InRange(stats.Depth, Bound / Size / 2, Bound * 5 / 4 / Size);
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        await consumer.ExpectMessageAsync(Body((int)stats.Dropped));
    }

    [Fact]
    public async Task What_is_too_old_goes_from_every_channel_and_from_the_topic_itself()
    {
        await using HttpBroker broker = await StartAsync(new TopicPolicy { MaxAge = 60_000, Channels = new ChannelPolicy { MaxAge = 10_000 } }, "c", "d");
        await broker.Broker.Topic("t").ChangeChannelPolicyAsync("d", new ChannelPolicy { MaxAge = 0 }, expected: null);
        await broker.Broker.PublishAsync("t", "1", "2");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(11));
        await broker.Broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, Discarded: 2 });
        await broker.Broker.UntilAsync("t", "d", static stats => stats is { Depth: 2, Discarded: 0 });
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(50));
        await broker.Broker.UntilAsync("t", "d", static stats => stats is { Depth: 0, Discarded: 2 });

        await broker.Broker.Topic("alone").CreateAsync();
        await broker.Broker.Topic("alone").ChangePolicyAsync(new TopicPolicy { MaxAge = 200_000 }, expected: null);
        await broker.Broker.PublishAsync("alone", "1", "2");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(180));
        await broker.Broker.PublishAsync("alone", "3");
        Assert.Equal(3, (await broker.Broker.StatsAsync("alone")).Depth);
        await PassUntilAsync(broker, async () => await broker.Broker.StatsAsync("alone") is { Depth: 1, Dropped: 2 });
        await (await broker.Broker.SubscribeAsync("alone", "c", ready: 1)).ExpectMessageAsync("3");
    }

    // Room is made beside the publishing: who is too quick is refused for a moment.
    private static Task PublishAsync(HttpBroker broker, int number) =>
        PassUntilAsync(broker, async () => (await broker.PostAsync("/pub?topic=t", Body(number))).Status == 200);

    // The store takes its time, which virtual time may outrun.
    private static async Task PassUntilAsync(HttpBroker broker, Func<Task<bool>> happened)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await happened())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < NsqSocket.Patience, "it has not happened");
            await broker.Broker.PassAsync(TimeSpan.FromMilliseconds(100));
        }
    }

    private static string Body(int number) => $"{number} ".PadRight(Size, '.');

    private static async Task<HttpBroker> StartAsync(TopicPolicy policy, params string[] channels)
    {
        HttpBroker broker = await HttpBroker.StartAsync(virtualTime: true);
        await broker.Broker.Topic("t").CreateAsync();
        foreach (string channel in channels)
            await broker.Broker.Topic("t").CreateChannelAsync(channel);
        Assert.True((await broker.Broker.Topic("t").ChangePolicyAsync(policy, expected: null)).IsOk);
        return broker;
    }
}
