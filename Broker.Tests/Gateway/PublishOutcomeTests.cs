using System.Buffers;
using System.Text;
using Broker.Gateway;
using Broker.Gateway.Connections;
using Broker.Gateway.Publishing;
using Broker.Gateway.Telemetry;
using Broker.Messages;
using Broker.Tests.Simulation;
using Broker.Topics;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

/// <summary>What publishers are told, against what is in the log.</summary>
public sealed class PublishOutcomeTests
{
    /// <summary>Invariant 1: OK if and only if in the log, for any pattern of lost, late, doubled and reordered calls.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public async Task OK_means_once_in_the_log_whatever_happens_to_calls(int seed)
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeTopic topic = server.Grains.Topic("t");
        Random random = new(seed);
        List<PublishRequest> late = [];
        topic.OnPublish = request =>
        {
            lock (late)
            {
                switch (random.Next(12))
                {
                    case 0:
                        return Nothing();
                    case 1:
                        return ValueTask.FromException<TopicReply>(new TimeoutException("lost on its way"));
                    case 2:
                        topic.Append(request);
                        return Nothing();
                    case 3:
                        topic.Append(request);
                        return ValueTask.FromException<TopicReply>(new InvalidOperationException("the answer was lost"));
                    case 4:
                        late.Add(request);
                        return Nothing();
                    case 5:
                        topic.Append(request);
                        return new ValueTask<TopicReply>(topic.Append(request));
                    case 6:
                        topic.Reopen();
                        return new ValueTask<TopicReply>(topic.Append(request));
                    default:
                        return null;
                }
            }
        };

        TopicPublisher publisher = server.Gateway.FindPublisher("t"u8);
        List<(string Body, PublishCall Call)> sent = [];
        for (int i = 0; i < 200; i++)
        {
            string body = $"{i}";
            sent.Add((body, publisher.AddBatch(MessageBatch.Create(1, [Encoding.Latin1.GetBytes(body)]))));
            publisher.Start();
            lock (late)
            {
                if (late.Count > 0 && random.Next(8) == 0)
                {
                    int index = random.Next(late.Count);
                    topic.Append(late[index]);
                    late.RemoveAt(index);
                }
            }
        }
        for (int i = 0; i < 20_000 && sent.Exists(publish => !publish.Call.IsCompleted); i++)
        {
            // Those that the clock has woken get a moment, or all would seem to be late.
            clock.Advance(TimeSpan.FromMilliseconds(50));
            await Task.Delay(1);
            lock (late)
            {
                if (late.Count > 0 && random.Next(20) == 0)
                {
                    topic.Append(late[0]);
                    late.RemoveAt(0);
                }
            }
        }
        late.ForEach(request => topic.Append(request));

        Assert.All(sent, publish => Assert.True(publish.Call.IsCompleted));
        Dictionary<string, int> inLog = topic.Bodies.CountBy(body => body).ToDictionary();
        Assert.All(inLog, entry => Assert.Equal(1, entry.Value));
        Assert.All(sent.Where(publish => publish.Call.Cause is null), publish => Assert.True(inLog.ContainsKey(publish.Body), publish.Body));
        Assert.All(sent.Where(publish => publish.Call.Cause is not null), publish => Assert.Contains("is not known", publish.Call.Cause));
        Assert.Contains(sent, publish => publish.Call.Cause is null);
    }

    /// <summary>Invariant 2: a retry outside the window never gets OK. One call is lost, many others overtake it.</summary>
    [Fact]
    public async Task A_call_that_was_lost_once_is_in_the_log_when_it_is_answered_with_OK()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeTopic topic = server.Grains.Topic("t");
        bool isLost = false;
        topic.OnPublish = request =>
        {
            if (isLost)
                return null;
            isLost = true;
            return Nothing();
        };
        using NsqSocket first = await server.ConnectAsync();
        await first.SendAsync("PUB t\n" + Sized("precious"));
        await Eventually.TrueAsync(() => isLost);
        List<NsqSocket> others = [];
        for (int i = 0; i < 90; i++)
        {
            // Each is a call of its own as long as calls go on.
            NsqSocket other = await server.ConnectAsync();
            others.Add(other);
            await other.SendAsync("PUB t\n" + Sized($"other {i}"));
            int count = Math.Min(i + 1, PublishRequest.MaxSpread - 1);
            await Eventually.TrueAsync(() => topic.Bodies.Length >= count);
        }
        Assert.Equal(PublishRequest.MaxSpread, topic.Requests.Max(request => request.Sequence));
        Assert.All(topic.Requests, request => Assert.Equal(1, request.Lowest));

        clock.Advance(TimeSpan.FromSeconds(1.1));
        await first.ExpectAsync("OK");
        foreach (NsqSocket other in others)
        {
            await other.ExpectAsync("OK");
            other.Dispose();
        }
        Assert.Equal(91, topic.Bodies.Distinct().Count());
        Assert.Contains("precious", topic.Bodies);
    }

    [Fact]
    public async Task What_the_log_cannot_judge_fails_with_a_clear_sentence()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        server.Grains.Topic("t").OnPublish = _ => new ValueTask<TopicReply>(new TopicReply(TopicStatus.Unknown, "it is not known"));
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized("a"));
        await client.ExpectErrorAsync("E_PUB_FAILED PUB failed it is not known");
    }

    [Fact]
    public async Task A_topic_that_moves_is_asked_for_longer_than_one_that_says_nothing()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeTopic topic = server.Grains.Topic("t");
        topic.OnPublish = request =>
            clock.Elapsed < TimeSpan.FromSeconds(8) ? ValueTask.FromException<TopicReply>(new InvalidOperationException("its silo is gone")) : null;
        PublishCall call = Publish(server);
        for (int i = 0; i < 5_000 && !call.IsCompleted; i++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(20));
            await Task.Delay(1);
        }
        Assert.True(call.IsCompleted);
        Assert.Null(call.Cause);
        Assert.Single(topic.Bodies);
    }

    [Fact]
    public async Task A_slow_topic_is_not_asked_again_and_again()
    {
        VirtualTimeProvider clock = new();
        await using RunningGateway server = await RunningGateway.StartAsync(clock);
        FakeTopic topic = server.Grains.Topic("t");
        int[] calls = new int[3];
        for (int i = 0; i < 3; i++)
        {
            TaskCompletionSource<TopicReply> slow = new();
            topic.OnPublish = _ => new ValueTask<TopicReply>(slow.Task);
            int before = topic.Requests.Count;
            PublishCall call = Publish(server);
            for (int step = 0; step < 28; step++)
            {
                clock.Advance(TimeSpan.FromMilliseconds(100));
                await Task.Delay(2);
            }
            calls[i] = topic.Requests.Count - before;
            slow.SetResult(TopicReply.Ok);
            await call.WaitAsync();
            Assert.Null(call.Cause);
        }
        // Once it is known that answers take 2.8 s, nothing is sent twice for that.
        Assert.Equal([2, 1, 1], calls);
    }

    private static PublishCall Publish(RunningGateway server)
    {
        TopicPublisher publisher = server.Gateway.FindPublisher("t"u8);
        PublishCall call = publisher.Add(1, new ReadOnlySequence<byte>("x"u8.ToArray()), dueTime: null);
        publisher.Start();
        return call;
    }

    private static ValueTask<TopicReply> Nothing() => new(new TaskCompletionSource<TopicReply>().Task);
}
