using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, consuming: what a channel gets, keeps and loses, cases 77 to 84.</summary>
public class ChannelTests
{
    [Fact]
    public async Task Case_077_A_sample_rate_of_1_delivers_2_percent_and_discards_the_rest()
    {
        const int published = 10_000;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.OpenAsync();
        Assert.Equal("OK", await consumer.IdentifyAsync("""{"sample_rate":1}"""));
        await consumer.SubscribeAsync("t", "c", ready: 2500);

        await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, MessageCount: published });

        Broker.Channels.ChannelStats? sampled = await broker.StatsAsync("t", "c");
        int delivered = (int)sampled!.InFlight;
        Assert.Equal(published, delivered + sampled.Discarded);
        // 2 % of 10,000 is 200 with a deviation of 14: six of them on either side.
        Assert.InRange(delivered, 116, 284);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(delivered);
        await consumer.ExpectNothingAsync();
        foreach (NsqMessage message in messages) await consumer.FinishAsync(message);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, InFlight: 0, Deferred: 0 });
    }

    [Fact]
    public async Task Case_078_Deleting_a_channel_closes_its_consumers_without_an_error()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket deleted = await broker.SubscribeAsync("t", "c", ready: 1);
        NsqSocket other = await broker.SubscribeAsync("t", "other", ready: 1);

        Assert.True((await broker.Topic("t").DeleteChannelAsync("c", incarnation: 0)).IsOk);

        await deleted.ExpectClosedAsync();
        await broker.UntilGoneAsync("t", "c");
        await broker.PublishAsync("t", "a");
        await other.ExpectMessageAsync("a");
    }

    [Fact]
    public async Task Deleting_a_topic_closes_the_consumers_of_all_its_channels()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket one = await broker.SubscribeAsync("t", "one");
        NsqSocket two = await broker.SubscribeAsync("t", "two");
        await broker.PublishAsync("t", "a");

        Assert.True((await broker.Topic("t").DeleteAsync()).IsOk);

        await one.ExpectClosedAsync();
        await two.ExpectClosedAsync();
        await broker.UntilAsync("t", stats => !stats.Exists);
    }

    [Fact]
    public async Task A_channel_that_is_made_again_begins_empty()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.SubscribeAsync("t", "other");
        await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", "before");
        await broker.UntilAsync("t", "c", stats => stats.Depth == 1);
        Assert.True((await broker.Topic("t").DeleteChannelAsync("c", incarnation: 0)).IsOk);

        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, MessageCount: 0 });
        await broker.PublishAsync("t", "after");

        await consumer.ExpectMessageAsync("after");
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task Case_079_A_paused_channel_delivers_nothing_until_it_is_unpaused()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 3);
        await broker.PublishAsync("t", "1", "2");
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(2);

        Assert.True((await broker.Topic("t").PauseChannelAsync("c", paused: true)).IsOk);
        await broker.PublishAsync("t", "3");
        await broker.UntilAsync("t", "c", stats => stats is { Paused: true, Depth: 1, InFlight: 2 });
        await consumer.TouchAsync(messages[0]);
        await consumer.FinishAsync(messages[0]);
        await consumer.RequeueAsync(messages[1], 0);
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 2, InFlight: 0, Finished: 1, Requeued: 1 });
        await consumer.ExpectNothingAsync();

        Assert.True((await broker.Topic("t").PauseChannelAsync("c", paused: false)).IsOk);
        NsqMessage[] resumed = await consumer.ExpectMessagesAsync(2);
        Assert.Equal([messages[1].Text, "3"], resumed.Select(message => message.Text).Order());
        await broker.UntilAsync("t", "c", stats => stats is { Paused: false, Depth: 0, InFlight: 2 });
    }

    [Fact]
    public async Task Case_079_In_a_paused_channel_messages_still_time_out()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "a");
        await consumer.ExpectMessageAsync();

        Assert.True((await broker.Topic("t").PauseChannelAsync("c", paused: true)).IsOk);
        await broker.PassAsync(TimeSpan.FromSeconds(65), consumer);
        await broker.UntilAsync("t", "c", stats => stats is { TimedOut: 1, Depth: 1, InFlight: 0 });
        await consumer.ExpectNothingAsync();

        Assert.True((await broker.Topic("t").PauseChannelAsync("c", paused: false)).IsOk);
        await consumer.ExpectMessageAsync("a");
    }

    [Fact]
    public async Task Case_080_Emptying_a_channel_takes_what_is_in_flight_and_deferred_too()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 3);
        await broker.PublishAsync("t", [.. Enumerable.Range(0, 8).Select(i => $"{i}")]);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(3);
        await consumer.ReadyAsync(2);
        await consumer.RequeueAsync(messages[0], 60_000);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 2, Deferred: 1, Depth: 5 });

        Assert.True((await broker.Topic("t").EmptyChannelAsync("c")).IsOk);

        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Deferred: 0, Depth: 0, Consumers: [{ InFlight: 0 }] });
        await consumer.FinishAsync(messages[1]);
        await consumer.ExpectErrorAsync($"E_FIN_FAILED FIN {messages[1].Id} failed ID not in flight");
        await broker.PublishAsync("t", "new 1", "new 2");
        NsqMessage[] flowing = await consumer.ExpectMessagesAsync(2);
        Assert.Equal(["new 1", "new 2"], flowing.Select(message => message.Text).Order());
    }

    [Fact]
    public async Task Case_081_The_first_channel_of_a_topic_gets_what_it_holds_and_a_later_one_begins_empty()
    {
        const int published = 100;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);
        await broker.UntilAsync("t", stats => stats.Depth == published);

        await broker.SubscribeAsync("t", "first");
        await broker.UntilAsync("t", "first", stats => stats.Depth == published);
        await broker.UntilAsync("t", stats => stats is { Depth: 0, MessageCount: published });

        NsqSocket second = await broker.SubscribeAsync("t", "second", ready: 1);
        await broker.UntilAsync("t", "second", stats => stats is { Depth: 0, InFlight: 0 });
        await second.ExpectNothingAsync();
        await broker.PublishAsync("t", "for both");
        await second.ExpectMessageAsync("for both");
        await broker.UntilAsync("t", "first", stats => stats.Depth == published + 1);
    }

    [Fact]
    public async Task Case_082_An_ephemeral_channel_goes_with_its_last_consumer()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket one = await broker.SubscribeAsync("t", "c#ephemeral");
        NsqSocket two = await broker.SubscribeAsync("t", "c#ephemeral", ready: 1);
        await broker.UntilAsync("t", "c#ephemeral", stats => stats.ConsumerCount == 2);

        one.Abort();
        await broker.UntilAsync("t", "c#ephemeral", stats => stats.ConsumerCount == 1);
        await broker.PublishAsync("t", "a");
        await two.ExpectMessageAsync("a");

        two.Abort();
        await broker.UntilGoneAsync("t", "c#ephemeral");
        Assert.True((await broker.StatsAsync("t")).Exists, "The topic is not ephemeral and stays.");
    }

    [Fact]
    public async Task Case_083_Attempts_outlive_a_restart()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket before = await broker.SubscribeAsync("t", "c", ready: 2);
        await broker.PublishAsync("t", "in flight", "requeued", "waiting");
        foreach (NsqMessage message in await before.ExpectMessagesAsync(2))
        {
            if (message.Text == "requeued") await before.RequeueAsync(message, 3_600_000);
        }

        await before.ExpectMessageAsync("waiting");
        await before.ReadyAsync(0);
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 2, Deferred: 1, Depth: 0, Consumers: [{ Ready: 0 }] });

        await broker.RestartAsync();

        NsqSocket after = await broker.SubscribeAsync("t", "c", ready: 2);
        NsqMessage[] redelivered = await after.ExpectMessagesAsync(2);
        Assert.Equal(["in flight", "waiting"], redelivered.Select(message => message.Text).Order());
        Assert.All(redelivered, message => Assert.Equal(2, message.Attempts));
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
    }

    [Fact]
    public async Task Case_084_An_id_is_never_used_twice_in_a_topic()
    {
        const int published = 500;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        HashSet<string> ids = [];

        // Before and after the topic was made anew, and over a restart.
        for (int round = 0; round < 3; round++)
        {
            NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 2500);
            await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);
            foreach (NsqMessage message in await consumer.ExpectMessagesAsync(published))
            {
                Assert.True(ids.Add(message.Id), $"The id {message.Id} came twice, in round {round}.");
                await consumer.FinishAsync(message);
            }

            await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Depth: 0 });
            if (round == 0) Assert.True((await broker.Topic("t").DeleteAsync()).IsOk);
            if (round == 1) await broker.RestartAsync();
        }
    }
}
