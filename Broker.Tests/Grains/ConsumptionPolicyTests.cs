using Broker.Channels;
using Broker.Policies;
using Broker.Silo.Settings;
using Broker.Tests.Running;

namespace Broker.Tests.Grains;

/// <summary>What a channel's policy says of how its messages are consumed, as unchanged clients see it.</summary>
public sealed class ConsumptionPolicyTests
{
    [Fact]
    public async Task Consumers_share_the_delivery_rate_evenly()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { DeliveryRate = 50 });
        NsqSocket greedy = await broker.SubscribeAsync("t", "c", ready: 1000);
        NsqSocket modest = await broker.SubscribeAsync("t", "c", ready: 50);
        await broker.PublishAsync("t", [.. Enumerable.Range(0, 200).Select(i => $"{i}")]);
        await broker.UntilAsync("t", "c", static stats => stats.Delivered == 5);
        TimeSpan start = broker.Clock.Elapsed;
        ChannelStats stats;
        do
        {
            await broker.PassAsync(TimeSpan.FromMilliseconds(20), greedy, modest);
            stats = (await broker.StatsAsync("t", "c"))!;
            Assert.InRange(stats.Delivered, 5, 5 + (50 * (broker.Clock.Elapsed - start).TotalSeconds));
        }
        while (stats.Delivered < 45);
        long[] shares = [.. stats.Consumers!.Select(consumer => consumer.Delivered).Order()];
        Assert.InRange(shares[1] - shares[0], 0, 3);

        // A change holds at once, without anything else happening.
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync("c", new ChannelPolicy { DeliveryRate = 0 }, expected: null)).IsOk);
        await broker.UntilAsync("t", "c", static stats => stats.Delivered == 200);
    }

    [Fact]
    public async Task While_a_channel_is_paused_its_rate_wakes_nobody_and_then_it_goes_on()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { DeliveryRate = 10 });
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 100);
        await broker.PublishAsync("t", "1", "2", "3");
        await broker.UntilAsync("t", "c", static stats => stats.Delivered == 1);
        await broker.Topic("t").PauseChannelAsync("c", true);
        await broker.PassAsync(TimeSpan.FromSeconds(1), consumer);
        await broker.UntilAsync("t", "c", static stats => stats is { Delivered: 1, Depth: 2 });
        await broker.Topic("t").PauseChannelAsync("c", false);
        await broker.UntilAsync("t", "c", static stats => stats.Delivered == 2);
        await broker.PassAsync(TimeSpan.FromMilliseconds(100), consumer);
        await broker.UntilAsync("t", "c", static stats => stats.Delivered == 3);
    }

    [Theory]
    [InlineData("c")]
    [InlineData("c#ephemeral")]
    public async Task All_consumers_together_have_no_more_in_flight_than_the_policy_says(string channel)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket first = await broker.SubscribeAsync("t", channel, ready: 10);
        await broker.SubscribeAsync("t", channel, ready: 10);
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync(channel, new ChannelPolicy { MaxInFlight = 4 }, expected: null)).IsOk);
        await broker.PublishAsync("t", [.. Enumerable.Range(0, 30).Select(i => $"{i}")]);
        await broker.UntilAsync("t", channel, static stats => stats is { InFlight: 4, Depth: 26 });
        // What may still grow waits for its buffer's time.
        await broker.PassUntilFrameAsync(first, TimeSpan.FromSeconds(1));
        await first.FinishAsync(await first.ExpectMessageAsync());
        await broker.UntilAsync("t", channel, static stats => stats is { InFlight: 4, Depth: 25, Finished: 1 });

        // What the topic says holds where the channel says nothing any more.
        Assert.True((await broker.Topic("t").ChangePolicyAsync(new TopicPolicy { Channels = new ChannelPolicy { MaxInFlight = 6 } }, expected: null)).IsOk);
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync(channel, ChannelPolicy.None, expected: null)).IsOk);
        await broker.UntilAsync("t", channel, static stats => stats is { InFlight: 6, Depth: 23 });
        Assert.True((await broker.Topic("t").ChangePolicyAsync(TopicPolicy.None, expected: null)).IsOk);
        await broker.UntilAsync("t", channel, static stats => stats is { InFlight: 20, Depth: 9 });
    }

    [Fact]
    public async Task The_timeout_of_the_channel_holds_for_who_asks_for_none()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MsgTimeout = 5_000 });
        NsqSocket plain = await broker.SubscribeAsync("t", "c", ready: 1);
        NsqSocket asking = await broker.OpenAsync();
        await asking.IdentifyAsync("""{"msg_timeout":20000}""");
        await asking.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "1", "2");
        await broker.UntilAsync("t", "c", static stats => stats.InFlight == 2);
        await plain.ReadyAsync(0);
        await broker.PassAsync(TimeSpan.FromSeconds(6), plain, asking);
        await broker.UntilAsync("t", "c", static stats => stats is { TimedOut: 1, InFlight: 1, Depth: 1 });
        await asking.ReadyAsync(0);
        await broker.PassAsync(TimeSpan.FromSeconds(15), plain, asking);
        await broker.UntilAsync("t", "c", static stats => stats is { TimedOut: 2, InFlight: 0, Depth: 2 });

        // Changed while consumers are there, it holds for what is delivered from then on.
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync("c", new ChannelPolicy { MsgTimeout = 10_000 }, expected: null)).IsOk);
        await plain.ReadyAsync(1);
        await broker.UntilAsync("t", "c", static stats => stats.InFlight == 1);
        await broker.PassAsync(TimeSpan.FromSeconds(8), plain, asking);
        await broker.UntilAsync("t", "c", static stats => stats is { TimedOut: 2, InFlight: 1 });
    }

    [Theory]
    [InlineData("c")]
    [InlineData("c#ephemeral")]
    public async Task What_is_too_old_is_not_delivered_but_counted(string channel)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", channel);
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync(channel, new ChannelPolicy { MaxAge = 10_000 }, expected: null)).IsOk);
        await broker.PublishAsync("t", "old", "older");
        await broker.PassAsync(TimeSpan.FromSeconds(6), consumer);
        await broker.PublishAsync("t", "young");
        await broker.UntilAsync("t", channel, static stats => stats.Depth == 3);
        // Nobody has to ask for them.
        await broker.PassAsync(TimeSpan.FromSeconds(5), consumer);
        await broker.UntilAsync("t", channel, static stats => stats is { Depth: 1, Discarded: 2 });
        await consumer.ReadyAsync(1);
        await consumer.FinishAsync(await consumer.ExpectMessageAsync("young"));
        await broker.UntilAsync("t", channel, static stats => stats is { Depth: 0, InFlight: 0, Finished: 1 });
        ChannelStats stats = (await broker.StatsAsync("t", channel))!;
        Assert.Equal((2, 3), (stats.DiscardedBy(DiscardCause.Expired), stats.StartedWith + stats.MessageCount));
    }

    [Fact]
    public async Task A_backlog_expires_without_consumers_and_what_has_expired_stays_so_over_a_restart()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAge = 60_000 }, static settings => settings.Queue.MemQueueSize = 10);
        NsqSocket producer = await broker.OpenAsync();
        string[] bodies = [.. Enumerable.Range(0, 1000).Select(i => $"{i}")];
        await producer.PublishAsync("t", bodies);
        await producer.PublishAsync("t", bodies);
        await broker.UntilAsync("t", "c", static stats => stats.Depth == 2000);
        await broker.PassAsync(TimeSpan.FromSeconds(61), producer);
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, Discarded: 2000 });
        await producer.PublishAsync("t", "last");
        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", static stats => stats is { StartedWith: 1, Depth: 1 });
        // The policy has outlived the restart too.
        await broker.PassAsync(TimeSpan.FromSeconds(61));
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, Discarded: 1 });
    }

    [Fact]
    public async Task What_is_given_back_too_late_expires_and_what_is_finished_in_time_does_not()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAge = 10_000 });
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 2);
        await broker.PublishAsync("t", "1", "2");
        NsqMessage[] messages = [.. await consumer.ExpectMessagesAsync(2)];
        await broker.PassAsync(TimeSpan.FromSeconds(11), consumer);
        await consumer.FinishAsync(messages[0]);
        await consumer.RequeueAsync(messages[1], 0);
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, InFlight: 0, Finished: 1, Requeued: 1, Discarded: 1, Delivered: 2 });
    }

    [Fact]
    public async Task What_expires_becomes_a_dead_letter_where_the_policy_says_so()
    {
        await using RunningBroker broker = await StartAsync(
            new ChannelPolicy { MaxAge = 60_000, Expired = ChannelPolicy.DeadLettered }, static settings => settings.Queue.MemQueueSize = 10);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "held");
        NsqMessage held = await consumer.ExpectMessageAsync("held");
        // Many more than are taken from the log, or become dead, at once.
        for (int i = 0; i < 3; i++)
            await broker.PublishAsync("t", [.. Enumerable.Range(i * 1000, 1000).Select(i => $"{i}")]);
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 3000, InFlight: 1 });
        await consumer.ReadyAsync(0);
        await broker.PassAsync(TimeSpan.FromSeconds(50), consumer);
        await broker.PublishAsync("t", "young");
        await broker.PassAsync(TimeSpan.FromSeconds(9), consumer);
        await consumer.RequeueAsync(held, 0);
        await broker.UntilAsync("t", "c", static stats => stats.Requeued == 1);
        await broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        await consumer.ReadyAsync(1);
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, InFlight: 1, Dead: 3001, Discarded: 0 } && stats.DeadBytes > 3001 * 32);
        ChannelStats stats = (await broker.StatsAsync("t", "c"))!;
        Assert.Equal((3001, 3001), (stats.Expired, stats.DiedByCause[(int)DeadCause.Expired]));
        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", static stats => stats is { StartedWith: 3002, Depth: 1, Dead: 3001 });
    }

    [Theory]
    [InlineData("c", ChannelPolicy.Drop)]
    [InlineData("c#ephemeral", ChannelPolicy.Keep)]
    public async Task What_expires_is_discarded_where_no_dead_letters_are_kept(string channel, string deadLetter)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", channel);
        ChannelPolicy policy = new() { MaxAge = 10_000, Expired = ChannelPolicy.DeadLettered, DeadLetter = deadLetter };
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync(channel, policy, expected: null)).IsOk);
        await broker.PublishAsync("t", "1", "2");
        await broker.UntilAsync("t", channel, static stats => stats.Depth == 2);
        await broker.PassAsync(TimeSpan.FromSeconds(11), consumer);
        await broker.UntilAsync("t", channel, static stats => stats is { Depth: 0, Dead: 0, Expired: 2, Discarded: 2 });
        Assert.Equal(2, (await broker.StatsAsync("t", channel))!.DiscardedBy(DiscardCause.Expired));
    }

    [Fact]
    public async Task What_expires_goes_to_the_topic_of_dead_letters_where_the_policy_says_so()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAge = 10_000, Expired = ChannelPolicy.DeadLettered, DeadLetter = "topic:late" });
        await broker.Topic("late").CreateChannelAsync("c");
        NsqSocket producer = await broker.OpenAsync();
        await producer.PublishAsync("t", "1", "2");
        await broker.UntilAsync("t", "c", static stats => stats.Depth == 2);
        await broker.PassAsync(TimeSpan.FromSeconds(11), producer);
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, Dead: 0, Expired: 2 });
        Assert.Equal(2, (await broker.StatsAsync("t", "c"))!.DiscardedBy(DiscardCause.DeadLettered));
        await broker.UntilAsync("late", "c", static stats => stats.Depth == 2);
    }

    private static async Task<RunningBroker> StartAsync(ChannelPolicy policy, Action<BrokerSettings>? configure = null)
    {
        RunningBroker broker = await RunningBroker.StartAsync(configure, virtualTime: true);
        await broker.Topic("t").CreateChannelAsync("c");
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync("c", policy, expected: null)).IsOk);
        return broker;
    }
}
