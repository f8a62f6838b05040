using Broker.Gateway.Connections;
using Broker.Tests.Simulation;
using Broker.Topics;
using Orleans.Runtime;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

public sealed class PublishingTests
{
    [Fact]
    public async Task An_unknown_outcome_is_asked_again_under_the_same_number()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeTopic topic = server.Grains.Topic("t");
        int calls = 0;
        topic.OnPublish = request =>
        {
            int call = Interlocked.Increment(ref calls);
            if (call == 2)
                topic.Append(request);
            return call <= 3 ? ValueTask.FromException<TopicReply>(new SiloUnavailableException()) : null;
        };
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized("a"));
        await client.ExpectAsync("OK");
        await client.SendAsync("PUB t\n" + Sized("b"));
        await client.ExpectAsync("OK");
        Assert.Equal(["a", "b"], topic.Bodies);
        Assert.Equal([1, 1, 1, 1, 2], topic.Requests.Select(request => request.Sequence));
        Assert.Single(topic.Requests.Select(request => request.Publisher).Distinct());
        Assert.NotEqual(0, topic.Requests[0].Publisher);
    }

    [Fact]
    public async Task A_publish_without_an_answer_fails_at_its_deadline()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeTopic topic = server.Grains.Topic("t");
        topic.OnPublish = _ => ValueTask.FromException<TopicReply>(new TimeoutException());
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized("a"));
        Task<(Broker.Protocol.FrameType, string Data)> reply = client.ReadFrameAsync();
        // Time stands still just after the deadline, however late the reply is.
        while (!reply.IsCompleted && clock.Elapsed < TimeSpan.FromSeconds(5.2))
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(10);
        }
        Assert.Equal("E_PUB_FAILED PUB failed no answer from the topic; whether the messages are in its log is not known", (await reply).Data);
        Assert.InRange(clock.Elapsed.TotalSeconds, 4.9, 5.3);
        await client.ExpectEndAsync();
    }

    [Theory]
    [InlineData("PUB t\n", TopicStatus.Exiting, null, "E_PUB_FAILED PUB failed exiting")]
    [InlineData("DPUB t 5\n", TopicStatus.Failed, "disk full", "E_DPUB_FAILED DPUB failed disk full")]
    [InlineData("MPUB t\n", TopicStatus.Failed, "disk full", "E_MPUB_FAILED MPUB failed disk full")]
    public async Task A_refused_publish_names_its_cause(string command, TopicStatus status, string? error, string expected)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        server.Grains.Topic("t").OnPublish = _ => new ValueTask<TopicReply>(new TopicReply(status, error));
        using NsqSocket client = await server.ConnectAsync();
        string body = command.StartsWith('M') ? Multi("a") : Sized("a");
        await client.SendAsync("PUB u\n" + Sized("x") + command + body + "PUB u\n" + Sized("y"));
        await client.ExpectAsync("OK");
        await client.ExpectErrorAsync(expected);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task What_comes_while_calls_are_under_way_gathers()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeTopic topic = server.Grains.Topic("t");
        TaskCompletionSource gate = new();
        topic.OnPublish = async_ => new ValueTask<TopicReply>(AnswerAsync(async_));
        async Task<TopicReply> AnswerAsync(PublishRequest request)
        {
            await gate.Task;
            return topic.Append(request);
        }

        List<NsqSocket> clients = [];
        for (int i = 0; i < 20; i++)
        {
            NsqSocket client = await server.ConnectAsync();
            clients.Add(client);
            await client.SendAsync("PUB t\n" + Sized($"{i:00}"));
            if (i < 4)
                await Eventually.TrueAsync(() => topic.Requests.Count == i + 1);
        }
        await Eventually.TrueAsync(() => server.Gateway.Connections.Sum(connection => connection.PublishCounts.Sum(count => count.Value)) == 20);
        Assert.Equal(4, topic.Requests.Count);
        gate.SetResult();
        foreach (NsqSocket client in clients)
        {
            await client.ExpectAsync("OK");
            client.Dispose();
        }
        Assert.Equal(5, topic.Requests.Count);
        Assert.Equal([1L, 2, 3, 4, 5], topic.Requests.Select(request => request.Sequence));
        Assert.Equal(20, topic.Bodies.Distinct().Count());
    }

    [Fact]
    public async Task An_MPUB_is_one_batch_and_large_messages_go_alone()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        FakeTopic topic = server.Grains.Topic("t");
        using NsqSocket client = await server.ConnectAsync();
        string big = new('b', 40_000);
        await client.SendAsync("PUB t\n" + Sized("a") + "PUB t\n" + Sized(big) + "MPUB t\n" + Multi(big, big, big, "c"));
        for (int i = 0; i < 3; i++)
            await client.ExpectAsync("OK");
        Assert.Equal(["a", big, big, big, big, "c"], topic.Bodies);
        Assert.Equal([1, 1, 4], topic.Log.Select(batch => batch.Count));
        Assert.All(topic.Log, batch => Assert.Equal(batch.Records.Length, batch.PositionOf(batch.Count)));
    }

    [Fact]
    public async Task Deferred_messages_travel_apart_with_their_due_times()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeTopic topic = server.Grains.Topic("t");
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized("now") + "DPUB t 5000\n" + Sized("later") + "DPUB t 0\n" + Sized("now too") + "DPUB t \n" + Sized("also"));
        for (int i = 0; i < 4; i++)
            await client.ExpectAsync("OK");
        long now = clock.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Equal(["later"], topic.Log.Where(batch => batch.IsDeferred).SelectMany(FakeTopic.BodiesOf));
        Assert.Equal([now + 5000], topic.Log.Single(batch => batch.IsDeferred).DueTimes!);
        Assert.Equal(["now", "now too", "also"], topic.Log.Where(batch => !batch.IsDeferred).SelectMany(FakeTopic.BodiesOf));
        Assert.All(topic.Log, batch => Assert.Equal(now * 1_000_000, batch.TimestampAt(0)));
    }

    [Fact]
    public async Task Replies_keep_the_order_of_the_commands()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        TaskCompletionSource<TopicReply> slow = new();
        server.Grains.Topic("slow").OnPublish = _ => new ValueTask<TopicReply>(slow.Task);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("SUB t c\nPUB slow\n" + Sized("x") + "FIN zzzzzzzzzzzzzzzz\nPUB t\n" + Sized("y") + "CLS\n");
        await client.ExpectAsync("OK");
        await Eventually.TrueAsync(() => server.Grains.Topic("t").Bodies.Length == 1);
        slow.SetResult(TopicReply.Ok);
        await client.ExpectAsync("OK");
        await client.ExpectErrorAsync("E_FIN_FAILED FIN zzzzzzzzzzzzzzzz failed ID not in flight");
        await client.ExpectAsync("OK");
        await client.ExpectAsync("CLOSE_WAIT");
    }

    [Fact]
    public async Task A_stop_waits_for_publishes_under_way()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        TaskCompletionSource<TopicReply> slow = new();
        server.Grains.Topic("t").OnPublish = _ => new ValueTask<TopicReply>(slow.Task);
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized("x"));
        await Eventually.TrueAsync(() => server.Grains.Topic("t").Requests.Count == 1);
        Task stop = server.StopAsync();
        await Task.Delay(200);
        Assert.False(stop.IsCompleted);
        slow.SetResult(TopicReply.Ok);
        await client.ExpectAsync("OK");
        await client.ExpectEndAsync();
        await stop.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_topic_unused_for_long_is_forgotten_and_counts_anew_under_another_number()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        using NsqSocket first = await server.ConnectAsync();
        await first.SendAsync("PUB t\n" + Sized("a"));
        await first.ExpectAsync("OK");
        clock.Advance(TimeSpan.FromMinutes(11));
        using NsqSocket second = await server.ConnectAsync();
        await second.SendAsync("PUB t\n" + Sized("b"));
        await second.ExpectAsync("OK");
        List<PublishRequest> requests = server.Grains.Topic("t").Requests;
        Assert.Equal([1L, 1], requests.Select(request => request.Sequence));
        Assert.NotEqual(requests[0].Publisher, requests[1].Publisher);
        Assert.Equal(["a", "b"], server.Grains.Topic("t").Bodies);
    }
}
