using System.Collections.Concurrent;
using System.Text;
using Broker.Client;
using Broker.Tests.Running;
using NsqMessage = Broker.Client.NsqMessage;

namespace Broker.Tests.Client;

/// <summary>Producer and consumer against whole brokers, over real sockets.</summary>
public sealed class BrokerConversationTests
{
    [Fact]
    public async Task What_is_published_is_handled_and_finished()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await using NsqProducer producer = Producer(broker);
        ConcurrentQueue<string> bodies = [];
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using NsqConsumer consumer = Consumer(broker);
        await consumer.StartAsync((message, _) =>
        {
            Assert.Equal(1, message.Attempts);
            Assert.InRange(message.Timestamp, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
            bodies.Enqueue(Text(message));
            if (bodies.Count == 4) all.SetResult();
            return ValueTask.CompletedTask;
        });
        Assert.Equal(1, consumer.ConnectionCount);

        await producer.PublishAsync("orders", "one"u8.ToArray());
        await producer.PublishAsync("orders", ["two"u8.ToArray(), "three"u8.ToArray()]);
        await producer.PublishDeferredAsync("orders", "four"u8.ToArray(), TimeSpan.FromMilliseconds(20));
        await all.Task.WaitAsync(NsqSocket.Patience);
        await consumer.StopAsync();

        Assert.Equal(["four", "one", "three", "two"], bodies.Order());
        await broker.UntilAsync("orders", "mail", stats => stats is { Finished: 4, InFlight: 0, Depth: 0, ConsumerCount: 0 });
    }

    [Fact]
    public async Task A_failed_message_comes_again()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await using NsqProducer producer = Producer(broker);
        TaskCompletionSource<int> succeeded = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using NsqConsumer consumer = Consumer(broker, options =>
        {
            options.RequeueDelay = TimeSpan.FromMilliseconds(1);
            options.BackoffMultiplier = TimeSpan.FromMilliseconds(1);
            options.MaxBackoff = TimeSpan.FromMinutes(2);
        });
        await consumer.StartAsync((message, _) =>
        {
            if (message.Attempts < 3) throw new InvalidOperationException("not yet");
            succeeded.SetResult(message.Attempts);
            return ValueTask.CompletedTask;
        });
        await producer.PublishAsync("orders", "one"u8.ToArray());
        Assert.Equal(3, await succeeded.Task.WaitAsync(NsqSocket.Patience));
        await broker.UntilAsync("orders", "mail", stats => stats is { Finished: 1, Requeued: 2, InFlight: 0 });
    }

    [Fact]
    public async Task A_refusal_says_what_the_broker_says_and_harms_nothing_else()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Gateway.MaxMsgSize = 100);
        await using NsqProducer producer = Producer(broker);
        Task[] good = [.. Enumerable.Range(0, 50).Select(_ => producer.PublishAsync("orders", new byte[100]).AsTask())];
        NsqServerException refusal = await Assert.ThrowsAsync<NsqServerException>(() => producer.PublishAsync("orders", new byte[101]).AsTask());
        Task[] more = [.. Enumerable.Range(0, 50).Select(_ => producer.PublishAsync("orders", new byte[100]).AsTask())];
        Assert.Equal("E_BAD_MESSAGE PUB message too big 101 > 100", refusal.ServerError);
        await Task.WhenAll(good);
        await Task.WhenAll(more);
        refusal = await Assert.ThrowsAsync<NsqServerException>(
            () => producer.PublishDeferredAsync("orders", new byte[1], TimeSpan.FromHours(2)).AsTask());
        Assert.Equal("E_INVALID DPUB timeout 7200000 out of range 0-3600000", refusal.ServerError);
        Assert.Equal(100, (await broker.StatsAsync("orders")).MessageCount);
    }

    [Fact]
    public async Task Publishes_of_many_callers_all_arrive_once()
    {
        const int callers = 16;
        const int each = 250;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await using NsqProducer producer = Producer(broker, options => options.MaxOutstanding = 100);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (int i = 0; i < each; i++) await producer.PublishAsync("orders", Encoding.UTF8.GetBytes($"{caller}/{i}"));
        })));

        ConcurrentDictionary<string, int> seen = [];
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using NsqConsumer consumer = Consumer(broker, options =>
        {
            options.MaxInFlight = 200;
            options.Concurrency = 4;
        });
        await consumer.StartAsync(async (message, _) =>
        {
            await Task.Yield();
            seen.AddOrUpdate(Text(message), 1, (_, count) => count + 1);
            if (seen.Count == callers * each) all.TrySetResult();
        });
        await all.Task.WaitAsync(NsqSocket.Patience);
        await consumer.StopAsync();
        Assert.All(seen, pair => Assert.Equal(1, pair.Value));
        await broker.UntilAsync("orders", "mail", stats => stats is { Finished: callers * each, InFlight: 0, Depth: 0 });
    }

    [Fact]
    public async Task A_stopped_consumer_leaves_nothing_in_flight()
    {
        const int count = 2_000;
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await using NsqProducer producer = Producer(broker);
        for (int i = 0; i < count; i += 200) await producer.PublishAsync("orders", [.. Enumerable.Range(i, 200).Select(Body)]);
        int handled = 0;
        TaskCompletionSource busy = new(TaskCreationOptions.RunContinuationsAsynchronously);
        NsqConsumer consumer = Consumer(broker, options =>
        {
            options.MaxInFlight = 300;
            options.Concurrency = 8;
        });
        await consumer.StartAsync(async (_, _) =>
        {
            await Task.Yield();
            if (Interlocked.Increment(ref handled) == 500) busy.SetResult();
        });
        await busy.Task.WaitAsync(NsqSocket.Patience);
        await consumer.StopAsync();
        int atTheEnd = Volatile.Read(ref handled);
        Assert.Equal(0, consumer.InFlight);
        // What was handled is what was finished, and the rest is still there.
        await broker.UntilAsync("orders", "mail", stats => stats.InFlight == 0 && stats.Finished == atTheEnd && stats.Depth == count - atTheEnd);
        Assert.Equal(atTheEnd, Volatile.Read(ref handled));
    }

    [Fact]
    public async Task A_loop_reads_what_is_published()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        await using NsqProducer producer = Producer(broker);
        await producer.PublishAsync("orders", [.. Enumerable.Range(0, 20).Select(Body)]);
        await using NsqConsumer consumer = Consumer(broker);
        HashSet<string> seen = [];
        await foreach (NsqMessage message in consumer.ReadAllAsync())
        {
            seen.Add(Text(message));
            if (seen.Count < 20) continue;
            message.Finish();
            break;
        }
        await consumer.StopAsync();
        await broker.UntilAsync("orders", "mail", stats => stats is { Finished: 20, InFlight: 0, Depth: 0 });
    }

    [Fact]
    public async Task Of_three_brokers_one_is_killed_and_comes_back_and_nothing_is_lost()
    {
        TimeSpan lookupInterval = TimeSpan.FromSeconds(1);
        await using BrokerProcess first = await BrokerProcess.StartAsync();
        await using BrokerProcess second = await BrokerProcess.StartAsync();
        await using BrokerProcess third = await BrokerProcess.StartAsync();
        BrokerProcess[] brokers = [first, second, third];
        using ScriptedLookup lookup = new();
        lookup.Tell([.. brokers.Select(broker => broker.TcpEndPoint.Port)]);

        ConcurrentDictionary<string, byte> seen = [];
        await using NsqConsumer consumer = new(new NsqConsumerOptions
        {
            Topic = "orders",
            Channel = "mail",
            LookupAddresses = { lookup.Address },
            LookupInterval = lookupInterval,
            MaxInFlight = 50,
            MessageTimeout = TimeSpan.FromSeconds(1),
            MaxAttempts = 0,
        });
        await consumer.StartAsync(async (message, _) =>
        {
            await Task.Yield();
            seen.TryAdd(Text(message), 0);
        });
        // The start ends when each was tried once; one that was too busy is tried again.
        await Gateway.Eventually.TrueAsync(() => consumer.ConnectionCount == 3);

        ConcurrentDictionary<string, byte> published = [];
        await PublishAsync(brokers, "before", 300, published);
        await Gateway.Eventually.TrueAsync(() => seen.Count > 100);
        await second.KillAsync();
        // The others go on meanwhile.
        await PublishAsync([first, third], "while", 100, published);
        await Gateway.Eventually.TrueAsync(() => seen.Keys.Count(body => body.StartsWith("while", StringComparison.Ordinal)) == 100);
        await Gateway.Eventually.TrueAsync(() => consumer.ConnectionCount == 2);

        // It comes back at another port, which only the lookup service knows.
        await second.StartAsync();
        lookup.Tell([.. brokers.Select(broker => broker.TcpEndPoint.Port)]);
        await PublishAsync([second], "after", 100, published);
        await Gateway.Eventually.TrueAsync(() => seen.Count == published.Count && consumer.ConnectionCount == 3);
        Assert.Empty(published.Keys.Except(seen.Keys));
        await consumer.StopAsync();
    }

    private static async Task PublishAsync(BrokerProcess[] brokers, string name, int count, ConcurrentDictionary<string, byte> published)
    {
        foreach (BrokerProcess broker in brokers)
        {
            await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { broker.TcpEndPoint.ToString() } });
            await Task.WhenAll(Enumerable.Range(0, count / brokers.Length).Select(async i =>
            {
                string body = $"{name} {broker.TcpEndPoint.Port} {i}";
                await producer.PublishAsync("orders", Encoding.UTF8.GetBytes(body));
                published.TryAdd(body, 0);
            }));
        }
    }

    private static ReadOnlyMemory<byte> Body(int i) => Encoding.UTF8.GetBytes($"{i}");

    private static string Text(NsqMessage message) => Encoding.UTF8.GetString(message.Body.Span);

    private static NsqProducer Producer(RunningBroker broker, Action<NsqProducerOptions>? configure = null)
    {
        NsqProducerOptions options = new() { Addresses = { broker.TcpEndPoint.ToString()! } };
        configure?.Invoke(options);
        return new NsqProducer(options);
    }

    private static NsqConsumer Consumer(RunningBroker broker, Action<NsqConsumerOptions>? configure = null)
    {
        NsqConsumerOptions options = new() { Topic = "orders", Channel = "mail", Addresses = { broker.TcpEndPoint.ToString()! } };
        configure?.Invoke(options);
        return new NsqConsumer(options);
    }
}
