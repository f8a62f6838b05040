using Broker.Channels;
using Broker.Gateway.Connections;
using Broker.Gateways;
using Broker.Messages;
using Broker.Protocol;
using Broker.Tests.Simulation;
using Broker.Topics;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

public sealed class ConsumingTests
{
    [Fact]
    public async Task A_channel_activated_anew_gets_everything_handed_over()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 3);
        server.Grains.Topic("t").Append(Some.Batch(10, sequence: 1, count: 5));
        ReceivedMessage[] first = [await client.ReadMessageAsync(), await client.ReadMessageAsync(), await client.ReadMessageAsync()];

        channel.Forget();
        await client.SendAsync($"FIN {first[1].Id}\nTOUCH {first[2].Id}\n");
        Assert.Equal(1, (await client.ReadMessageAsync()).Attempts);
        await client.ExpectSilenceAsync();

        AttachRequest again = channel.Attaches[^1];
        Assert.True(again.Again);
        ConsumerAttachment consumer = Assert.Single(again.Consumers);
        Assert.Equal(3, consumer.Ready);
        Assert.Equal(60_000, consumer.MessageTimeout);
        // All of the window but what was delivered and not yet given back.
        Assert.InRange(consumer.Window, (512 << 10) - 30, 512 << 10);
        Assert.Equal([0L, 1, 2], consumer.InFlight.Select(message => message.Offset));
        Assert.All(consumer.InFlight, message => Assert.Equal(1, message.Attempts));
        Assert.All(consumer.InFlight, message => Assert.Equal(60_000, message.Deadline - message.Delivered));

        // The batch that found nobody at home is sent again, and counting begins anew.
        CommandBatch[] last = [.. channel.Batches.TakeLast(2)];
        Assert.Equal(last[0].Data, last[1].Data);
        Assert.Equal(1, last[1].Sequence);

        await client.SendAsync($"RDY 0\nFIN {first[0].Id}\nFIN {first[1].Id}\n");
        await client.ExpectErrorAsync($"E_FIN_FAILED FIN {first[1].Id} failed ID not in flight");
        Assert.Equal(2, channel.Batches[^1].Sequence);
    }

    [Fact]
    public async Task What_is_in_flight_is_handed_over_though_the_wall_clock_was_set()
    {
        VirtualTimeProvider time = new();
        await using RunningGateway server = await RunningGateway.StartAsync(time);
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 2);
        await Eventually.TrueAsync(() => channel.Executed.Count == 1);
        Broker.Gateway.Consuming.Consumer consumer = server.Gateway.FindConsumer(server.Gateway.Connections[0].Number)!;
        server.Grains.Topic("t").Append(Some.Batch(10, sequence: 1));
        await Eventually.TrueAsync(() => consumer.InFlight == 1);
        time.SetWall(TimeSpan.FromHours(1));
        server.Grains.Topic("t").Append(Some.Batch(10, sequence: 2));
        await Eventually.TrueAsync(() => consumer.InFlight == 2);

        channel.Forget();
        await client.SendAsync("RDY 3\n");
        await Eventually.TrueAsync(() => channel.Attaches[^1].Again);

        InFlightMessage[] handedOver = Assert.Single(channel.Attaches[^1].Consumers).InFlight;
        Assert.Equal([0L, 1], handedOver.Select(message => message.Offset));
        // By the wall clock as it is now.
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.All(handedOver, message => Assert.Equal((now, now + 60_000), (message.Delivered, message.Deadline)));
    }

    [Fact]
    public async Task A_consumer_that_joins_a_channel_activated_anew_does_not_replace_the_others()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket old = await SubscribeAsync(server, ready: 5);
        await Eventually.TrueAsync(() => channel.Executed.Count == 1);
        channel.Forget();
        using NsqSocket joining = await SubscribeAsync(server, ready: 0);
        server.Grains.Topic("t").Append(Some.Batch(10, sequence: 1));
        await old.ReadMessageAsync();
    }

    [Fact]
    public async Task Parts_of_batches_that_wait_for_a_client_that_does_not_read_come_whole_in_the_end()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options => options.ConsumerWindowBytes = 64 << 20);
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 2500);
        await Eventually.TrueAsync(() => channel.Executed.Count == 1);
        for (int i = 0; i < 32; i++)
            server.Grains.Topic("t").Append(Some.Batch(1 << 20, sequence: i + 1));
        // By now the write is blocked, and what comes is copied out of its batch.
        await Task.Delay(300);
        MessageBatch batch = MessageBatch.Create(Some.Timestamp, [.. Enumerable.Range(0, 10).Select(i => new[] { (byte)('a' + i) })]).At(100);
        for (int i = 0; i < 10; i += 2)
        {
            channel.Observer.Deliver(new Delivery
            {
                ChannelKey = "t:c",
                Incarnation = channel.Incarnation,
                Runs = [new DeliveryRun(server.Gateway.Connections[0].Number, batch, batch.PositionOf(i), 100 + i, 2, 7)],
            });
        }
        for (int i = 0; i < 32; i++)
            await client.ReadMessageAsync();
        for (int i = 0; i < 10; i++)
        {
            ReceivedMessage message = await client.ReadMessageAsync();
            Assert.Equal($"{(char)('a' + i)}", message.Body);
            Assert.Equal($"{MessageId.Of(channel.IdPrefix, 100 + i):x16}", message.Id);
            Assert.Equal((Some.Timestamp, 7), (message.Timestamp, message.Attempts));
        }
    }

    [Fact]
    public async Task Commands_without_an_answer_are_sent_again_under_the_same_number()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 1);
        server.Grains.Topic("t").Append(Some.Batch(10, sequence: 1));
        ReceivedMessage message = await client.ReadMessageAsync();
        bool lost = false;
        channel.OnExecute = commands =>
        {
            if (lost)
                return null;
            lost = true;
            channel.Execute(commands);
            return ValueTask.FromException<CommandReply>(new TimeoutException());
        };
        await client.SendAsync($"FIN {message.Id}\nFIN {message.Id}\n");
        await client.ExpectErrorAsync($"E_FIN_FAILED FIN {message.Id} failed ID not in flight");
        Assert.Equal(channel.Batches[^2].Sequence, channel.Batches[^1].Sequence);
        Assert.Equal(0, channel.InFlight);
    }

    [Fact]
    public async Task Commands_of_one_read_are_one_call_and_those_meanwhile_the_next()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket one = await SubscribeAsync(server, ready: 10);
        using NsqSocket two = await SubscribeAsync(server, ready: 0);
        await Eventually.TrueAsync(() => channel.Executed.Count == 2);
        server.Grains.Topic("t").Append(Some.Batch(10, sequence: 1, count: 10));
        List<string> ids = [];
        for (int i = 0; i < 10; i++)
            ids.Add((await one.ReadMessageAsync()).Id);

        TaskCompletionSource gate = new();
        channel.OnExecute = commands => new ValueTask<CommandReply>(AnswerAsync(commands));
        async Task<CommandReply> AnswerAsync(CommandBatch commands)
        {
            await gate.Task;
            return channel.Execute(commands);
        }
        int before = channel.Batches.Count;
        await one.SendAsync(string.Concat(ids.Select(id => $"FIN {id}\n")));
        await Eventually.TrueAsync(() => channel.Batches.Count == before + 1);
        for (int i = 0; i < 5; i++)
            await two.SendAsync($"FIN {ids[i]}\n");
        await Task.Delay(100);
        Assert.Equal(before + 1, channel.Batches.Count);
        gate.SetResult();
        for (int i = 0; i < 5; i++)
            await two.ExpectErrorAsync($"E_FIN_FAILED FIN {ids[i]} failed ID not in flight");
        await one.ExpectSilenceAsync();
        Assert.Equal(10, channel.Batches[before].Commands.ToArray().Count(command => command.Kind == CommandKind.Finish));
        Assert.Equal(Enumerable.Range(0, channel.Batches.Count).Select(i => i + 1L), channel.Batches.Select(batch => batch.Sequence));
    }

    [Fact]
    public async Task A_consumer_that_does_not_read_gets_no_more_than_its_window()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 2500);
        await Eventually.TrueAsync(() => channel.Executed.Count == 1);
        for (int i = 0; i < 64; i++)
            server.Grains.Topic("t").Append(Some.Batch(1 << 20, sequence: i + 1));
        await Task.Delay(300);
        // What sockets and buffers take on loopback, the window, and the message that crosses it.
        Assert.InRange(channel.InFlight, 1, 12);

        for (int i = 0; i < 64; i++)
        {
            ReceivedMessage message = await client.ReadMessageAsync();
            Assert.Equal(1 << 20, message.Body.Length);
            await client.SendAsync($"FIN {message.Id}\n");
        }
        await client.ExpectSilenceAsync();
        await Eventually.TrueAsync(() => channel.InFlight == 0);
        await Eventually.TrueAsync(() => channel.Window == 512 << 10);
    }

    [Fact]
    public async Task The_window_is_whole_again_after_deliveries_were_lost()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options => options.ConsumerWindowBytes = 2_000);
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 10);
        await Eventually.TrueAsync(() => channel.Executed.Count == 1);
        channel.LosesDeliveries = true;
        server.Grains.Topic("t").Append(Some.Batch(700, sequence: 1));
        server.Grains.Topic("t").Append(Some.Batch(700, sequence: 2));
        Assert.Equal(600, channel.Window);
        channel.LosesDeliveries = false;
        server.Grains.Topic("t").Append(Some.Batch(100, sequence: 3));
        await client.ReadMessageAsync();
        await Eventually.TrueAsync(() => channel.Window == 2_000);
    }

    /// <summary>Invariant 4: a window is never wider than its maximum.</summary>
    [Fact]
    public async Task A_connection_that_gave_back_more_than_it_got_is_closed_and_states_no_more_than_its_window()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 10);
        server.Grains.Topic("t").Append(Some.Batch(100, sequence: 1));
        await client.ReadMessageAsync();
        Broker.Gateway.Consuming.Consumer consumer = server.Gateway.FindConsumer(server.Gateway.Connections[0].Number)!;
        await Eventually.TrueAsync(() => consumer.ToAttachment(0).Window == 512 << 10);

        Assert.False(consumer.AddCredit(1));
        Assert.False(consumer.AddCredit(1));
        Assert.Equal(512 << 10, consumer.ToAttachment(0).Window);
        await client.ExpectEndAsync();
        Assert.Equal(1, server.Breaches);
        Assert.Contains(
            ": of the 100 bytes that channel 'c' of topic 't' has sent to me, 1 more have left than came, with a window of 524288;",
            Assert.Single(server.Problems));
    }

    [Fact]
    public async Task A_connection_that_ends_says_how_far_its_messages_were_written()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        NsqSocket client = await SubscribeAsync(server, ready: 10);
        await Eventually.TrueAsync(() => channel.Executed.Count == 1);
        server.Grains.Topic("t").Append(Some.Batch(100, sequence: 1));
        await client.ReadMessageAsync();
        channel.LosesDeliveries = true;
        server.Grains.Topic("t").Append(Some.Batch(100, sequence: 2));
        client.Dispose();
        await Eventually.TrueAsync(() => channel.Executed.Any(command => command.Kind == CommandKind.Detach));
        ConsumerCommand detach = channel.Executed.Last(command => command.Kind == CommandKind.Detach);
        Assert.Equal((100L, 1L), (detach.Offset, detach.Value));
    }

    [Fact]
    public async Task Foreign_ids_are_answered_without_a_call()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 1);
        await Eventually.TrueAsync(() => channel.Batches.Count == 1);
        ulong foreign = MessageId.Of(MessageId.Prefix(3, 6), 1);
        string upper = $"{MessageId.Of(channel.IdPrefix, 0xab):X16}";
        await client.SendAsync($"FIN {foreign:x16}\nTOUCH {upper}\nREQ zzzzzzzzzzzzzzzz 5\n");
        await client.ExpectErrorAsync($"E_FIN_FAILED FIN {foreign:x16} failed ID not in flight");
        await client.ExpectErrorAsync($"E_TOUCH_FAILED TOUCH {upper} failed ID not in flight");
        await client.ExpectErrorAsync("E_REQ_FAILED REQ zzzzzzzzzzzzzzzz failed ID not in flight");
        Assert.Single(channel.Batches);
    }

    [Fact]
    public async Task A_delay_is_lowered_to_the_greatest()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 1);
        await Eventually.TrueAsync(() => channel.Batches.Count == 1);
        string id = $"{MessageId.Of(channel.IdPrefix, 7):x16}";
        await client.SendAsync($"REQ {id} 7200000\nREQ {id} \n");
        await client.ExpectErrorAsync($"E_REQ_FAILED REQ {id} failed ID not in flight");
        await client.ExpectErrorAsync($"E_REQ_FAILED REQ {id} failed ID not in flight");
        Assert.Equal([3_600_000L, 0], channel.Executed.Where(command => command.Kind == CommandKind.Requeue).Select(command => command.Value));
    }

    [Fact]
    public async Task An_idle_gateway_gives_signs_of_life_until_its_consumers_leave()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeChannel channel = server.Grains.Channel("t", "c");
        NsqSocket client = await SubscribeAsync(server, ready: 1);
        await Eventually.TrueAsync(() => channel.Batches.Count == 1);
        await Eventually.TrueAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return Signs() >= 3;
        });
        // No more than one in two seconds.
        Assert.InRange(Signs(), 3, (int)(clock.Elapsed.TotalSeconds / 2));
        client.Dispose();
        await Eventually.TrueAsync(() => channel.Executed.Any(command => command.Kind == CommandKind.Detach));
        int batches = channel.Batches.Count;
        clock.Advance(TimeSpan.FromSeconds(20));
        await Task.Delay(50);
        Assert.Equal(batches, channel.Batches.Count);

        int Signs() => channel.Batches.Count(batch => batch.Data.Length == 0);
    }

    [Fact]
    public async Task A_channel_that_is_gone_closes_its_consumers_without_an_error()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket one = await SubscribeAsync(server, ready: 1);
        using NsqSocket two = await SubscribeAsync(server, ready: 1);
        channel.Observer.Close("t:c", channel.Incarnation + 1);
        await one.ExpectSilenceAsync();
        channel.Observer.Close("t:c", channel.Incarnation);
        await one.ExpectEndAsync();
        await two.ExpectEndAsync();
    }

    [Fact]
    public async Task A_batch_that_finds_its_channel_gone_closes_too()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        using NsqSocket client = await SubscribeAsync(server, ready: 1);
        channel.OnExecute = _ => new ValueTask<CommandReply>(new CommandReply(CommandStatus.Gone));
        await client.SendAsync($"FIN {MessageId.Of(channel.IdPrefix, 1):x16}\n");
        await client.ExpectEndAsync();
    }

    [Theory]
    [InlineData(AttachStatus.Gone, "E_SUB_FAILED SUB failed to deleted topic/channel", 2)]
    [InlineData(AttachStatus.TooManyConsumers, "E_SUB_FAILED SUB failed consumers for t:c exceeds limit of 1", 1)]
    public async Task Case_75_A_refused_SUB_names_its_cause(AttachStatus status, string error, int attaches)
    {
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options => options.MaxChannelConsumers = 1);
        FakeChannel channel = server.Grains.Channel("t", "c");
        channel.OnAttach = _ => new ValueTask<AttachReply>(new AttachReply(status));
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("SUB t c\n");
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
        Assert.Equal(attaches, channel.Attaches.Count);
    }

    [Fact]
    public async Task A_SUB_to_a_topic_that_is_exiting_is_refused()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        server.Grains.Topic("t").OnCreateChannel =
            _ => new ValueTask<ChannelReply>(new ChannelReply { Status = TopicStatus.Exiting });
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("SUB t c\n");
        await client.ExpectErrorAsync("E_SUB_FAILED SUB failed exiting");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task What_is_published_before_SUB_in_one_packet_is_there_after_it()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized("x") + "SUB t c\nRDY 1\nNOP\n");
        await client.ExpectAsync("OK");
        await client.ExpectAsync("OK");
        Assert.Equal("x", (await client.ReadMessageAsync()).Body);
    }

    [Fact]
    public async Task Deliveries_for_a_consumer_that_has_gone_are_dropped()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        NsqSocket client = await SubscribeAsync(server, ready: 1);
        client.Dispose();
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 0);
        channel.Observer.Deliver(new Delivery
        {
            ChannelKey = "t:c",
            Incarnation = channel.Incarnation,
            Runs = [new DeliveryRun(1, MessageBatch.Create(1, [1, 2, 3]), 0, 0, 1, 1)],
        });
    }

    [Theory]
    [InlineData(false, "z", "r", Proximity.Global)]
    [InlineData(true, "z", "r", Proximity.Zone)]
    [InlineData(true, "other", "r", Proximity.Region)]
    [InlineData(true, "other", "other", Proximity.Global)]
    public async Task Nearness_and_settings_go_with_the_consumer(bool aware, string zone, string region, Proximity expected)
    {
        await using RunningGateway server = await RunningGateway.StartAsync(configure: options =>
            (options.TopologyAware, options.TopologyZone, options.TopologyRegion) = (aware, "z", "r"));
        using NsqSocket client = await server.ConnectAsync();
        string identify = $$"""{"client_id":"me","hostname":"here","user_agent":"test/1","topology_zone":"{{zone}}","topology_region":"{{region}}","sample_rate":5,"msg_timeout":2000}""";
        await client.SendAsync("IDENTIFY\n" + Sized(identify) + "SUB t c\nPUB t\n" + Sized("x"));
        for (int i = 0; i < 3; i++)
            await client.ExpectAsync("OK");
        ConsumerAttachment consumer = server.Grains.Channel("t", "c").Attaches[0].Consumers[0];
        Assert.Equal((expected, 5, 2000), (consumer.Proximity, consumer.SampleRate, consumer.MessageTimeout));
        Broker.Gateway.Connections.ConnectionSnapshot snapshot = Assert.Single(server.Gateway.Connections);
        Assert.Equal(("me", "here", "test/1", "t", "c"), (snapshot.ClientId, snapshot.Hostname, snapshot.UserAgent, snapshot.Topic, snapshot.Channel));
        Assert.Equal([new KeyValuePair<string, long>("t", 1)], snapshot.PublishCounts);
    }

    [Fact]
    public async Task A_body_larger_than_all_buffers_arrives_whole_among_replies()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await SubscribeAsync(server, ready: 10);
        string big = string.Concat(Enumerable.Range(0, 100_000).Select(i => (char)('a' + (i % 26))));
        await client.SendAsync(string.Concat(Enumerable.Range(0, 10).Select(_ => "PUB t\n" + Sized(big))));
        int replies = 0;
        int messages = 0;
        for (int i = 0; i < 20; i++)
        {
            (FrameType type, string data) = await client.ReadFrameAsync();
            if (type == FrameType.Response)
            {
                replies++;
                continue;
            }
            messages++;
            Assert.Equal(big, data[26..]);
        }
        Assert.Equal((10, 10), (replies, messages));
    }

    private static async Task<NsqSocket> SubscribeAsync(RunningGateway server, int ready)
    {
        NsqSocket client = await server.ConnectAsync();
        await client.SendAsync($"IDENTIFY\n{Sized("{\"client_id\":\"me\",\"output_buffer_timeout\":25}")}SUB t c\nRDY {ready}\n");
        await client.ExpectAsync("OK");
        await client.ExpectAsync("OK");
        return client;
    }
}
