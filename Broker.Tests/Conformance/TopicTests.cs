using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec 2.1, 2.2 and 2.5 as clients see them: fan-out, a topic's own queue, pause, empty, delete, ephemeral names.</summary>
public class TopicTests
{
    [Fact]
    public async Task Each_channel_gets_a_copy_and_the_consumers_of_a_channel_share_it()
    {
        const int published = 300;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket alone = await broker.SubscribeAsync("t", "one", ready: published);
        NsqSocket[] sharing = [await broker.SubscribeAsync("t", "two", ready: 50), await broker.SubscribeAsync("t", "two", ready: 250)];

        await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);

        NsqMessage[] copies = await alone.ExpectMessagesAsync(published);
        await broker.UntilAsync("t", "two", stats => stats is { InFlight: published, Depth: 0 });
        NsqMessage[][] shares = [await sharing[0].ExpectMessagesAsync(50), await sharing[1].ExpectMessagesAsync(250)];
        Assert.Equal(
            copies.Select(message => (message.Id, message.Text, message.Timestamp)).Order(),
            shares.SelectMany(share => share).Select(message => (message.Id, message.Text, message.Timestamp)).Order());
        await broker.UntilAsync("t", stats => stats is { Depth: 0, MessageCount: published });
    }

    [Fact]
    public async Task Messages_of_one_publish_to_a_consumer_come_in_the_order_in_which_they_were_published()
    {
        const int published = 1000;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 100);

        await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);

        for (int i = 0; i < published; i++) await consumer.FinishAsync(await consumer.ExpectMessageAsync($"{i}"));
    }

    [Fact]
    public async Task A_topic_whose_last_channel_was_deleted_keeps_messages_for_the_next_one()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", "gone with its channel");
        await broker.UntilAsync("t", "c", stats => stats.Depth == 1);
        Assert.True((await broker.Topic("t").DeleteChannelAsync("c", incarnation: 0)).IsOk);
        await broker.UntilGoneAsync("t", "c");

        await broker.PublishAsync("t", "kept");
        await broker.UntilAsync("t", stats => stats.Depth == 1);

        NsqSocket next = await broker.SubscribeAsync("t", "next", ready: 2);
        await next.ExpectMessageAsync("kept");
        await next.ExpectNothingAsync();
    }

    [Fact]
    public async Task A_paused_topic_takes_messages_and_keeps_them_until_it_is_unpaused()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.PublishAsync("t", "before 1", "before 2");
        NsqMessage first = await consumer.ExpectMessageAsync("before 1");
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 1, Depth: 1 });

        Assert.True((await broker.Topic("t").PauseAsync(paused: true)).IsOk);
        await broker.PublishAsync("t", "while");
        await broker.UntilAsync("t", stats => stats is { Paused: true, Depth: 1 });
        await consumer.FinishAsync(first);
        await consumer.FinishAsync(await consumer.ExpectMessageAsync("before 2"));
        await broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Depth: 0, Finished: 2 });
        await consumer.ExpectNothingAsync();

        NsqSocket made = await broker.SubscribeAsync("t", "made-meanwhile", ready: 1);
        await made.ExpectNothingAsync();
        Assert.True((await broker.Topic("t").PauseAsync(paused: false)).IsOk);
        await consumer.ExpectMessageAsync("while");
        await made.ExpectMessageAsync("while");
    }

    [Fact]
    public async Task Emptying_a_topic_drops_what_no_channel_has_got_and_nothing_else()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.PublishAsync("t", "1", "2", "3");
        await broker.UntilAsync("t", stats => stats.Depth == 3);
        Assert.True((await broker.Topic("t").EmptyAsync()).IsOk);
        await broker.UntilAsync("t", stats => stats is { Exists: true, Depth: 0 });

        NsqSocket consumer = await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", "4");
        await broker.UntilAsync("t", "c", stats => stats.Depth == 1);
        Assert.True((await broker.Topic("t").EmptyAsync()).IsOk);
        await consumer.ReadyAsync(5);

        await consumer.ExpectMessageAsync("4");
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task A_deleted_topic_is_made_anew_by_the_next_publish()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", "old");
        await broker.UntilAsync("t", "c", stats => stats.Depth == 1);

        Assert.True((await broker.Topic("t").DeleteAsync()).IsOk);
        await broker.PublishAsync("t", "new");

        await broker.UntilAsync("t", stats => stats is { Exists: true, Depth: 1, MessageCount: 1, Channels: [] });
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 2);
        await consumer.ExpectMessageAsync("new");
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task An_ephemeral_topic_goes_with_its_last_channel()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t#ephemeral", "c#ephemeral", ready: 1);
        await broker.PublishAsync("t#ephemeral", "a");
        await consumer.ExpectMessageAsync("a");

        consumer.Abort();

        await broker.UntilAsync("t#ephemeral", stats => !stats.Exists);
    }

    [Fact]
    public async Task An_ephemeral_topic_goes_with_its_last_channel_even_if_that_is_not_ephemeral()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t#ephemeral", "c");
        Assert.True((await broker.StatsAsync("t#ephemeral")).Exists, "The topic is missing.");

        Assert.True((await broker.Topic("t#ephemeral").DeleteChannelAsync("c", incarnation: 0)).IsOk);

        await consumer.ExpectClosedAsync();
        await broker.UntilAsync("t#ephemeral", stats => !stats.Exists);
    }

    [Fact]
    public async Task An_ephemeral_channel_drops_what_exceeds_its_memory_queue()
    {
        const int queue = 10;
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Queue.MemQueueSize = queue);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c#ephemeral");

        await broker.PublishAsync("t", [.. Enumerable.Range(0, 3 * queue).Select(i => $"{i}")]);

        await broker.UntilAsync("t", "c#ephemeral", stats => stats is { Depth: queue, Discarded: 2 * queue });
        await consumer.ReadyAsync(3 * queue);
        await consumer.ExpectMessagesAsync(queue);
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task A_memory_queue_of_none_loses_nothing_of_a_lasting_topic()
    {
        const int published = 1000;
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Queue.MemQueueSize = 0);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c");
        await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);
        await broker.UntilAsync("t", "c", stats => stats.Depth == published);

        await consumer.ReadyAsync(100);
        HashSet<string> bodies = [];
        for (int i = 0; i < published; i++)
        {
            NsqMessage message = await consumer.ExpectMessageAsync();
            bodies.Add(message.Text);
            await consumer.FinishAsync(message);
        }

        Assert.Equal(published, bodies.Count);
    }

    [Fact]
    public async Task Paused_topics_and_channels_are_paused_after_a_restart()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await broker.SubscribeAsync("topic", "c");
        await broker.SubscribeAsync("t", "paused");
        await broker.SubscribeAsync("t", "not-paused");
        Assert.True((await broker.Topic("topic").PauseAsync(paused: true)).IsOk);
        Assert.True((await broker.Topic("t").PauseChannelAsync("paused", paused: true)).IsOk);

        await broker.RestartAsync();

        await broker.UntilAsync("topic", stats => stats is { Paused: true, Channels: [{ Channel: "c", Paused: false }] });
        await broker.UntilAsync("t", stats => stats is
        {
            Paused: false, Channels: [{ Channel: "not-paused", Paused: false }, { Channel: "paused", Paused: true }],
        });
    }

    [Fact]
    public async Task What_was_published_and_not_finished_is_there_after_a_restart()
    {
        const int published = 100;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket before = await broker.SubscribeAsync("t", "c", ready: 10);
        await broker.PublishAsync("t", [.. Enumerable.Range(0, published).Select(i => $"{i}")]);
        NsqMessage[] taken = await before.ExpectMessagesAsync(10);
        HashSet<string> finished = [];
        for (int i = 0; i < taken.Length; i += 2)
        {
            await before.FinishAsync(taken[i]);
            finished.Add(taken[i].Text);
        }

        await broker.UntilAsync("t", "c", stats => stats.Finished == 5);
        await broker.RestartAsync();

        NsqSocket after = await broker.SubscribeAsync("t", "c", ready: 2500);
        NsqMessage[] rest = await after.ExpectMessagesAsync(published - finished.Count);
        Assert.Equal(
            Enumerable.Range(0, published).Select(i => $"{i}").Except(finished).Order(), rest.Select(message => message.Text).Order());
        await after.ExpectNothingAsync();
    }
}
