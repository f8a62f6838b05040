using System.Globalization;
using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, publishing: cases 34 to 50, what is taken.</summary>
public class PublishTests
{
    private const int MaxMsgSize = 1_048_576;
    private const int MaxBodySize = 5_242_880;

    [Theory]
    [InlineData("PUB t")]
    [InlineData("DPUB t 0")]
    public async Task Case_035_A_message_of_the_greatest_size_is_taken_and_delivered_whole(string command)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();
        byte[] body = [.. Enumerable.Range(0, MaxMsgSize).Select(i => (byte)(i * 31 >> 5))];

        await socket.SendAsync(NsqCommand.WithBody(command, body));
        await socket.ExpectOkAsync();

        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        NsqMessage message = await consumer.ExpectMessageAsync();
        Assert.True(body.AsSpan().SequenceEqual(message.Body), "The body changed on its way.");
    }

    [Theory]
    [InlineData(64, "")]
    [InlineData(54, "#ephemeral")]
    [InlineData(1, "")]
    public async Task Case_039_A_topic_name_of_up_to_64_characters_is_taken(int length, string suffix)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        string topic = string.Concat(new string('n', length), suffix);

        await broker.PublishAsync(topic, "a");

        Assert.True((await broker.StatsAsync(topic)).Exists, "The topic is missing.");
    }

    [Fact]
    public async Task Every_character_that_a_name_may_have_is_taken()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();

        await broker.PublishAsync(".azAZ09_-", "a");

        Assert.True((await broker.StatsAsync(".azAZ09_-")).Exists, "The topic is missing.");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData((MaxBodySize - 4) / 5 + 1)]
    public async Task Case_041_An_MPUB_count_out_of_bounds_is_refused_and_leaves_the_topic(int count)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithBody("MPUB t", NsqCommand.Length(count)));

        await socket.ExpectFatalAsync($"E_BAD_BODY MPUB invalid message count {count.ToString(CultureInfo.InvariantCulture)}");
        await broker.UntilAsync("t", stats => stats.Exists && stats.MessageCount == 0);
    }

    [Fact]
    public async Task Case_042_An_MPUB_with_an_empty_element_enqueues_nothing()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Mpub("t", ["one", "two", "", "four"]));

        await socket.ExpectFatalAsync("E_BAD_MESSAGE MPUB invalid message(2) body size 0");
        await broker.UntilAsync("t", stats => stats.Exists);
        await broker.PublishAsync("t", "after");
        await broker.UntilAsync("t", stats => stats is { MessageCount: 1, Depth: 1 });
    }

    [Fact]
    public async Task An_MPUB_with_an_element_that_is_too_big_enqueues_nothing()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendInVainAsync(NsqCommand.Mpub("t", [new byte[1], new byte[MaxMsgSize + 1]]));

        await socket.ExpectFatalAsync("E_BAD_MESSAGE MPUB message too big 1048577 > 1048576");
        await broker.PublishAsync("t", "after");
        await broker.UntilAsync("t", stats => stats is { MessageCount: 1, Depth: 1 });
    }

    [Fact]
    public async Task An_MPUB_of_the_greatest_size_is_taken()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();
        byte[][] bodies = [.. Enumerable.Range(0, 5).Select(_ => new byte[MaxMsgSize - 8])];

        byte[] elements = NsqCommand.Elements(bodies.Append(new byte[MaxBodySize - NsqCommand.Elements(bodies).Length - 4]));
        Assert.Equal(MaxBodySize, elements.Length);
        await socket.SendAsync(NsqCommand.WithBody("MPUB t", elements));

        await socket.ExpectOkAsync();
        await broker.UntilAsync("t", stats => stats.Depth == 6);
    }

    [Fact]
    public async Task Case_043_An_MPUB_whose_total_length_is_too_small_is_read_by_its_elements()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();
        byte[] elements = NsqCommand.Elements(["one"u8.ToArray(), "two"u8.ToArray()]);

        await socket.SendAsync(NsqCommand.WithLength("MPUB t", 6, elements));

        await socket.ExpectOkAsync();
        await socket.ExpectNothingAsync();
        await broker.UntilAsync("t", stats => stats.Depth == 2);
    }

    [Fact]
    public async Task Case_044_Bytes_behind_the_last_element_of_an_MPUB_begin_the_next_command()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithBody("MPUB t", [.. NsqCommand.Elements(["one"u8.ToArray()]), .. "PUB"u8]));
        await socket.ExpectOkAsync();
        await socket.SendAsync([.. " t\n"u8, .. NsqCommand.Length(3), .. "two"u8]);

        await socket.ExpectOkAsync();
        await socket.ExpectNothingAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 2);
        Assert.Equal(["one", "two"], (await consumer.ExpectMessagesAsync(2)).Select(message => message.Text).Order());
    }

    [Fact]
    public async Task Case_044_Bytes_behind_the_last_element_of_an_MPUB_may_make_the_next_command_invalid()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithBody("MPUB t", [.. NsqCommand.Elements(["one"u8.ToArray()]), .. "xyz"u8]));
        await socket.ExpectOkAsync();
        await socket.SendLineAsync("NOP");

        await socket.ExpectFatalAsync("E_INVALID invalid command xyzNOP");
    }

    [Fact]
    public async Task Case_045_A_delay_of_an_hour_is_taken()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();
        await broker.SubscribeAsync("t", "c");

        await socket.SendAsync(NsqCommand.Dpub("t", "3600000", "a"));

        await socket.ExpectOkAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 1, Depth: 0, MessageCount: 1 });
    }

    [Fact]
    public async Task A_longer_delay_is_taken_and_kept_when_the_operator_allows_it()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(
            settings => settings.Gateway.MaxReqTimeout = settings.Queue.MaxReqTimeout = TimeSpan.FromDays(60), virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);

        await socket.SendAsync(NsqCommand.Dpub("t", $"{2 * 3600 * 1000}", "a"));
        await socket.ExpectOkAsync();

        await broker.PassAsync(TimeSpan.FromSeconds(7199), consumer);
        await consumer.ExpectNothingAsync();
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(2));
        await consumer.ExpectMessageAsync("a");
    }

    [Fact]
    public async Task Case_046_A_delay_of_0_is_none()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        NsqSocket producer = await broker.OpenAsync();

        await producer.SendAsync(NsqCommand.Dpub("t", "0", "a"));

        await producer.ExpectOkAsync();
        await consumer.ExpectMessageAsync("a");
    }

    /// <summary>Ours: a deferral counts from the publish, not from the moment at which a channel gets the message.</summary>
    [Fact]
    public async Task Case_047_A_message_whose_time_came_while_its_topic_had_no_channel_is_delivered_at_once()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket producer = await broker.OpenAsync();

        await producer.SendAsync(NsqCommand.Dpub("t", "2000", "a"));
        await producer.ExpectOkAsync();
        await broker.PassAsync(TimeSpan.FromSeconds(5));

        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        Task<NsqMessage> delivery = consumer.ExpectMessageAsync("a");
        await broker.PassUntilAsync(delivery, TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, (await delivery).Attempts);
    }

    /// <summary>Ours, as above.</summary>
    [Fact]
    public async Task Case_047_A_channel_that_is_made_within_the_delay_waits_for_the_rest_of_it()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket producer = await broker.OpenAsync();

        await producer.SendAsync(NsqCommand.Dpub("t", "10000", "a"));
        await producer.ExpectOkAsync();
        await broker.PassAsync(TimeSpan.FromSeconds(6));
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 1, Depth: 0 });
        await broker.PassAsync(TimeSpan.FromSeconds(3.9));
        await consumer.ExpectNothingAsync();

        await broker.PassUntilAsync(consumer.ExpectMessageAsync("a"), TimeSpan.FromSeconds(1));
    }

    /// <summary>Ours: a deferral outlives a restart and keeps its due time.</summary>
    [Fact]
    public async Task Case_048_A_deferred_message_keeps_its_due_time_over_a_restart()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket first = await broker.SubscribeAsync("t", "c", ready: 1);
        await first.SendAsync(NsqCommand.Dpub("t", "60000", "a"));
        await first.ExpectOkAsync();
        await broker.UntilAsync("t", "c", stats => stats.Deferred == 1);
        await broker.PassAsync(TimeSpan.FromSeconds(10));

        await broker.RestartAsync();

        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 1);
        await broker.UntilAsync("t", "c", stats => stats is { Deferred: 1, InFlight: 0, Depth: 0 });
        await broker.PassAsync(TimeSpan.FromSeconds(49.5), consumer);
        await consumer.ExpectNothingAsync();
        await broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(2));
        NsqMessage delivery = await consumer.ExpectMessageAsync("a");
        Assert.Equal(1, delivery.Attempts);
    }

    [Fact]
    public async Task Case_049_A_subscribed_and_a_closing_connection_may_publish()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.SubscribeAsync("t", "c");

        await socket.PublishAsync("other", "subscribed");
        await socket.PublishAsync("other", "subscribed", "MPUB");
        await socket.SendAsync(NsqCommand.Dpub("other", "1", "subscribed"));
        await socket.ExpectOkAsync();

        await socket.SendLineAsync("CLS");
        await socket.ExpectResponseAsync("CLOSE_WAIT");
        await socket.PublishAsync("other", "closing");
        await socket.PublishAsync("other", "closing", "MPUB");
        await socket.SendAsync(NsqCommand.Dpub("other", "1", "closing"));
        await socket.ExpectOkAsync();
        await broker.UntilAsync("other", stats => stats.MessageCount == 8);
    }

    [Fact]
    public async Task Case_050_An_ephemeral_topic_without_channels_keeps_no_more_than_its_memory_queue()
    {
        const int pipelined = 10_001;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        Task send = socket.SendAsync(Enumerable.Range(0, pipelined).SelectMany(i => NsqCommand.Pub("t#ephemeral", $"{i}")).ToArray());
        await socket.ExpectOkAsync(pipelined);
        await send;

        await broker.UntilAsync("t#ephemeral", stats => stats.Depth == 10_000);
    }
}
