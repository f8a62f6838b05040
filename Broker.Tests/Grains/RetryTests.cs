using Broker.Channels;
using Broker.Policies;
using Broker.Tests.Running;
using Broker.Topics;

namespace Broker.Tests.Grains;

/// <summary>What a channel's policy says of messages that are requeued or time out, as unchanged clients see it.</summary>
public sealed class RetryTests
{
    private static readonly ChannelPolicy ThreeAttempts = new() { MaxAttempts = 3, DeadLetter = ChannelPolicy.Drop };
    private static readonly RetryDelay Doubling = new(10_000, 2, 30_000);

    [Fact]
    public async Task A_poison_message_gets_its_attempts_with_the_delays_asked_for_and_then_none_while_others_flow()
    {
        await using RunningBroker broker = await StartAsync(ThreeAttempts with { MaxAttempts = 5, RetryDelay = Doubling });
        NsqSocket producer = await broker.OpenAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await producer.PublishAsync("t", "poison");
        NsqMessage poison = await consumer.ExpectMessageAsync("poison");
        foreach ((int attempt, double most) in new[] { (2, 10.0), (3, 20), (4, 30), (5, 30) })
        {
            Assert.Equal(attempt - 1, poison.Attempts);
            await consumer.RequeueAsync(poison, 0);
            await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
            await FlowsAsync(broker, producer, consumer, $"while it waits for attempt {attempt}");
            await broker.PassAsync(TimeSpan.FromSeconds((most * 0.8) - 0.5), consumer, producer);
            Assert.False(consumer.HasFrames);
            await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds((most * 0.2) + 0.5));
            poison = await consumer.ExpectMessageAsync("poison");
        }

        Assert.Equal(5, poison.Attempts);
        await consumer.RequeueAsync(poison, 0);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, InFlight: 0, Deferred: 0, Requeued: 5, Deferrals: 4 });
        ChannelStats stats = (await broker.StatsAsync("t", "c"))!;
        Assert.Equal((1, 1), (stats.Discarded, stats.DiscardedByCause[(int)DiscardCause.GivenUp]));
        Assert.Equal(stats.StartedWith + stats.MessageCount, stats.Finished + stats.Discarded);
        await FlowsAsync(broker, producer, consumer, "after it is gone");
    }

    [Fact]
    public async Task A_message_that_times_out_waits_too_and_is_given_up_in_the_end()
    {
        await using RunningBroker broker = await StartAsync(ThreeAttempts with { MaxAttempts = 2, RetryDelay = Doubling });
        NsqSocket consumer = await broker.OpenAsync();
        await consumer.IdentifyAsync("""{"msg_timeout":5000}""");
        await consumer.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "slow");
        await consumer.ExpectMessageAsync("slow");
        await broker.PassAsync(TimeSpan.FromSeconds(6), consumer);
        await broker.UntilAsync("t", "c", stats => stats is { TimedOut: 1, Deferred: 1, InFlight: 0 });
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(10));
        Assert.Equal(2, (await consumer.ExpectMessageAsync("slow")).Attempts);
        await broker.PassAsync(TimeSpan.FromSeconds(6), consumer);
        await broker.UntilAsync("t", "c", stats => stats is { TimedOut: 2, Deferred: 0, InFlight: 0, Depth: 0, Discarded: 1 });
    }

    [Fact]
    public async Task A_delay_that_the_client_asks_for_is_the_delay()
    {
        await using RunningBroker broker = await StartAsync(new ChannelPolicy { RetryDelay = Doubling });
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "later");
        await consumer.RequeueAsync(await consumer.ExpectMessageAsync("later"), 1_000);
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(1.5));
        Assert.Equal(2, (await consumer.ExpectMessageAsync("later")).Attempts);
    }

    [Theory]
    [InlineData("c")]
    [InlineData("c#ephemeral")]
    public async Task What_is_changed_holds_at_once_for_a_channel_that_is_consumed(string channel)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", channel, ready: 1);
        await broker.PublishAsync("t", "message");
        NsqMessage message = await consumer.ExpectMessageAsync("message");
        for (int attempt = 2; attempt <= 6; attempt++)
        {
            await consumer.RequeueAsync(message, 0);
            // A busy machine may let the first call fail, and the pause before the next one needs the clock.
            await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(10));
            message = await consumer.ExpectMessageAsync("message");
            Assert.Equal(attempt, message.Attempts);
        }

        // What the topic says of all, then what the channel says for itself.
        Assert.True((await broker.Topic("t").ChangePolicyAsync(new TopicPolicy { Channels = ThreeAttempts with { RetryDelay = Doubling } }, expected: null)).IsOk);
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync(channel, new ChannelPolicy { MaxAttempts = 0 }, expected: null)).IsOk);
        await consumer.RequeueAsync(message, 0);
        await broker.UntilAsync("t", channel, stats => stats.Deferred == 1);
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(30));
        message = await consumer.ExpectMessageAsync("message");
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync(channel, ChannelPolicy.None, expected: null)).IsOk);
        await consumer.RequeueAsync(message, 0);
        await broker.UntilAsync("t", channel, stats => stats is { Depth: 0, Deferred: 0, InFlight: 0, Discarded: 1 });
    }

    [Fact]
    public async Task Policy_attempts_and_delay_outlive_a_restart()
    {
        await using RunningBroker broker = await StartAsync(ThreeAttempts with { RetryDelay = Doubling });
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "poison");
        await consumer.RequeueAsync(await consumer.ExpectMessageAsync("poison"), 0);
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
        consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(10));
        NsqMessage second = await consumer.ExpectMessageAsync("poison");
        Assert.Equal(2, second.Attempts);
        await consumer.RequeueAsync(second, 0);
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(20));
        NsqMessage third = await consumer.ExpectMessageAsync("poison");
        Assert.Equal(3, third.Attempts);
        await consumer.RequeueAsync(third, 0);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, Deferred: 0, InFlight: 0, Discarded: 1 });
        await broker.RestartAsync();
        await broker.UntilAsync("t", "c", stats => stats is { StartedWith: 0, Depth: 0, Deferred: 0 });
    }

    [Fact]
    public async Task A_policy_is_replaced_only_where_it_is_what_was_expected_and_without_one_attempts_never_end()
    {
        await using RunningBroker broker = await StartAsync(ThreeAttempts);
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync("c", ChannelPolicy.None, ThreeAttempts)).IsOk);
        TopicReply refused = await broker.Topic("t").ChangeChannelPolicyAsync("c", ChannelPolicy.None, ThreeAttempts);
        Assert.Equal(TopicStatus.PolicyChanged, refused.Status);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "again");
        for (int attempt = 1; attempt <= 10; attempt++)
        {
            NsqMessage message = await consumer.ExpectMessageAsync("again");
            Assert.Equal(attempt, message.Attempts);
            await consumer.RequeueAsync(message, 0);
        }
    }

    private static async Task<RunningBroker> StartAsync(ChannelPolicy policy)
    {
        RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        await broker.Topic("t").CreateChannelAsync("c");
        Assert.True((await broker.Topic("t").ChangeChannelPolicyAsync("c", policy, expected: null)).IsOk);
        return broker;
    }

    private static async Task FlowsAsync(RunningBroker broker, NsqSocket producer, NsqSocket consumer, string prefix)
    {
        string[] bodies = [.. Enumerable.Range(0, 50).Select(i => $"{prefix} {i}")];
        await producer.PublishAsync("t", bodies);
        foreach (string body in bodies)
            await consumer.FinishAsync(await consumer.ExpectMessageAsync(body));
        await broker.UntilAsync("t", "c", static stats => stats is { Depth: 0, InFlight: 0 });
    }
}
