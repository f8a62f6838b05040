using Broker.Channels;
using Broker.Policies;
using Broker.Tests.Running;

namespace Broker.Tests.Grains;

/// <summary>What becomes of messages that had all of their attempts, as unchanged clients bring it about.</summary>
public sealed class DeadLetterTests
{
    [Fact]
    public async Task A_poison_message_dies_and_stays_dead_over_a_restart_while_others_flow()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAttempts = 2 });
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "poison");
        await RequeueAsync(broker, consumer, "poison", attempts: 2);
        ChannelStats stats = await UntilDeadAsync(broker, 1);
        Assert.Equal([1, 0, 0, 0], stats.DiedByCause);
        Assert.True(stats.DeadBytes > "poison".Length);
        await broker.PublishAsync("t", "good");
        await consumer.FinishAsync(await consumer.ExpectMessageAsync("good"));
        await broker.UntilAsync("t", "c", stats => stats is { Finished: 1, Dead: 1, Discarded: 0 });

        await broker.RestartAsync();
        stats = await UntilDeadAsync(broker, 1);
        Assert.Equal((1, 0), (stats.StartedWith, stats.Depth));
        Assert.Equal([0, 0, 0, 0], stats.DiedByCause);
        consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "after");
        await consumer.FinishAsync(await consumer.ExpectMessageAsync("after"));
    }

    [Fact]
    public async Task How_the_last_attempt_ended_is_the_cause()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAttempts = 1 });
        NsqSocket slow = await broker.OpenAsync();
        await slow.IdentifyAsync("""{"msg_timeout":5000}""");
        await slow.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "slow");
        await slow.ExpectMessageAsync("slow");
        await broker.PassAsync(TimeSpan.FromSeconds(6), slow);
        ChannelStats stats = await UntilDeadAsync(broker, 1);
        Assert.Equal([0, 1, 0, 0], stats.DiedByCause);

        await broker.PublishAsync("t", "lost");
        await slow.ExpectMessageAsync("lost");
        await slow.DisposeAsync();
        await broker.UntilAsync("t", "c", stats => stats.ConsumerCount == 0);
        await broker.PassAsync(TimeSpan.FromSeconds(6));
        stats = await UntilDeadAsync(broker, 2);
        Assert.Equal([0, 1, 1, 0], stats.DiedByCause);
    }

    [Fact]
    public async Task There_are_no_more_than_the_policy_allows_and_the_oldest_make_room()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAttempts = 1, MaxDead = 3 });
        NsqSocket consumer = await SubscribeAsync(broker, "t");
        await KillAsync(broker, consumer, 5);
        await broker.UntilAsync("t", "c", stats => stats is { Dead: 3, Discarded: 2 });
        ChannelStats stats = await UntilDeadAsync(broker, 3);
        Assert.Equal(2, stats.DiscardedByCause[(int)DiscardCause.DeadEvicted]);

        // Room for one and a half.
        long one = stats.DeadBytes / 3;
        await SetAsync(broker, new ChannelPolicy { MaxAttempts = 1, MaxDeadBytes = one + (one / 2) });
        await KillAsync(broker, consumer, 1);
        stats = await UntilDeadAsync(broker, 1);
        Assert.Equal((5, one), (stats.DiscardedByCause[(int)DiscardCause.DeadEvicted], stats.DeadBytes));
        await broker.RestartAsync();
        stats = await UntilDeadAsync(broker, 1);
        Assert.Equal(one, stats.DeadBytes);
    }

    [Fact]
    public async Task Dead_letters_go_with_their_channel_and_stay_when_it_is_emptied()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAttempts = 1 });
        NsqSocket consumer = await SubscribeAsync(broker, "t");
        await KillAsync(broker, consumer, 2);
        await UntilDeadAsync(broker, 2);
        await consumer.ReadyAsync(0);
        await broker.PublishAsync("t", "waits");
        await broker.UntilAsync("t", "c", stats => stats.Depth == 1);
        Assert.True((await broker.Topic("t").EmptyChannelAsync("c")).IsOk);
        ChannelStats stats = await UntilDeadAsync(broker, 2);
        Assert.Equal((0, 1), (stats.Depth, stats.DiscardedByCause[(int)DiscardCause.Emptied]));

        Assert.True((await broker.Topic("t").DeleteChannelAsync("c", incarnation: 0)).IsOk);
        await broker.Topic("t").CreateChannelAsync("c");
        await UntilDeadAsync(broker, 0);
        await SetAsync(broker, new ChannelPolicy { MaxAttempts = 1 });
        await KillAsync(broker, await SubscribeAsync(broker, "t"), 1);
        await UntilDeadAsync(broker, 1);
    }

    [Fact]
    public async Task A_channel_without_a_store_keeps_no_dead()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c#ephemeral", ready: 1);
        await broker.Topic("t").ChangeChannelPolicyAsync("c#ephemeral", new ChannelPolicy { MaxAttempts = 1 }, expected: null);
        await broker.PublishAsync("t", "poison");
        await consumer.RequeueAsync(await consumer.ExpectMessageAsync("poison"), 0);
        await broker.UntilAsync("t", "c#ephemeral", stats => stats is { Dead: 0, Discarded: 1, InFlight: 0 });
    }

    [Fact]
    public async Task What_is_given_up_is_published_to_the_topic_that_the_policy_names()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAttempts = 1, DeadLetter = "topic:graves" });
        await broker.Topic("graves").CreateChannelAsync("c");
        NsqSocket consumer = await SubscribeAsync(broker, "t");
        await KillAsync(broker, consumer, 5);
        await broker.UntilAsync("graves", "c", stats => stats.Depth == 5);
        ChannelStats stats = await UntilDeadAsync(broker, 0);
        Assert.Equal((5, 5), (stats.Discarded, stats.DiscardedByCause[(int)DiscardCause.DeadLettered]));
        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", stats => stats is { StartedWith: 0, Dead: 0 });
        consumer = await SubscribeAsync(broker, "graves");
        NsqMessage[] dead = await consumer.ExpectMessagesAsync(5);
        Assert.Equal(Enumerable.Range(0, 5).Select(i => $"poison {i}"), dead.Select(message => message.Text).Order(StringComparer.Ordinal));
        Assert.All(dead, message => Assert.Equal(1, message.Attempts));
    }

    [Fact]
    public async Task No_message_goes_in_a_circle()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { MaxAttempts = 1, DeadLetter = "topic:graves" });
        await broker.Topic("graves").CreateChannelAsync("c");
        await broker.Topic("graves").ChangeChannelPolicyAsync("c", new ChannelPolicy { MaxAttempts = 1, DeadLetter = "topic:t" }, expected: null);
        NsqSocket consumer = await SubscribeAsync(broker, "t");
        await KillAsync(broker, consumer, 1);
        await broker.UntilAsync("graves", "c", stats => stats.Depth == 1);
        NsqSocket second = await SubscribeAsync(broker, "graves");
        await second.RequeueAsync((await second.ExpectMessagesAsync(1))[0], 0);
        await broker.UntilAsync("graves", "c", stats => stats is { Dead: 1, Discarded: 0, InFlight: 0 });
        await broker.UntilAsync("t", "c", stats => stats is { MessageCount: 1, Depth: 0 });

        // Nor does one that is to go where it came from.
        await SetAsync(broker, new ChannelPolicy { MaxAttempts = 1, DeadLetter = "topic:t" });
        await KillAsync(broker, consumer, 1);
        await broker.UntilAsync("t", "c", stats => stats is { Dead: 1, MessageCount: 2 });
    }

    private static async Task<RunningBroker> StartAsync(ChannelPolicy policy)
    {
        RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        await broker.Topic("t").CreateChannelAsync("c");
        await SetAsync(broker, policy);
        return broker;
    }

    // No clock runs that would let go of what waits for more.
    private static async Task<NsqSocket> SubscribeAsync(RunningBroker broker, string topic)
    {
        NsqSocket consumer = await broker.OpenAsync();
        await consumer.IdentifyAsync("""{"output_buffer_size":-1}""");
        await consumer.SubscribeAsync(topic, "c", ready: 10);
        return consumer;
    }

    private static async Task SetAsync(RunningBroker broker, ChannelPolicy policy) =>
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync("c", policy, expected: null)).IsOk);

    private static async Task RequeueAsync(RunningBroker broker, NsqSocket consumer, string body, int attempts)
    {
        for (int attempt = 1; attempt <= attempts; attempt++)
        {
            await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(10));
            NsqMessage message = await consumer.ExpectMessageAsync(body);
            Assert.Equal(attempt, message.Attempts);
            await consumer.RequeueAsync(message, 0);
        }
    }

    private static async Task KillAsync(RunningBroker broker, NsqSocket consumer, int count)
    {
        await broker.PublishAsync("t", [.. Enumerable.Range(0, count).Select(i => $"poison {i}")]);
        foreach (NsqMessage message in await consumer.ExpectMessagesAsync(count))
            await consumer.RequeueAsync(message, 0);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Depth: 0 });
    }

    // At rest what came in is where it went.
    private static async Task<ChannelStats> UntilDeadAsync(RunningBroker broker, long dead)
    {
        await broker.UntilAsync("t", "c", stats => stats.Dead == dead && stats.InFlight == 0 && stats.DeadBytes >= dead * 32);
        ChannelStats stats = (await broker.StatsAsync("t", "c"))!;
        Assert.Equal(
            stats.StartedWith + stats.MessageCount, stats.Finished + stats.Discarded + stats.Depth + stats.InFlight + stats.Deferred + stats.Dead);
        return stats;
    }
}
