using System.Collections.Concurrent;
using System.Diagnostics;
using Orleans.Runtime;
using Orleans.Streams;
using Xunit.Abstractions;

namespace Broker.Tests.Streaming;

/// <summary>What Orleans' own tests of stream providers ask for, of two silos and a broker that stay up.</summary>
public sealed class StreamDeliveryTests(StreamDeliveryTests.Fixture fixture, ITestOutputHelper output) : IClassFixture<StreamDeliveryTests.Fixture>
{
    private StreamCluster Cluster => fixture.Cluster;

    private StreamRecord Record => fixture.Cluster.Record;

    [Fact]
    public async Task Implicit_subscribers_of_many_streams_get_all_events_in_order_and_once()
    {
        const int streams = 10;
        int each = StreamCluster.Events / streams;
        Stopwatch clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(i => Cluster.ProduceAsync(ImplicitListenerGrain.Namespace, $"many-{i}", 0, each)));
        for (int i = 0; i < streams; i++)
        {
            Assert.Equal(0, await Record.WaitForAllAsync($"implicit/many-{i}", each));
            Assert.Equal(Enumerable.Range(0, each), Record.Of($"implicit/many-{i}"));
        }
        output.WriteLine($"{each * streams} events in {clock.Elapsed}");
    }

    [Fact]
    public async Task Several_explicit_subscribers_each_get_every_event()
    {
        for (int i = 0; i < 3; i++) await Cluster.Cluster.Client.GetGrain<IListenerGrain>($"several-{i}").SubscribeAsync(StreamCluster.Provider, "explicit", "several");
        await Cluster.ProduceAsync("explicit", "several", 0, 100);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(0, await Record.WaitForAllAsync($"several-{i}", 100));
            Assert.Equal(Enumerable.Range(0, 100), Record.Of($"several-{i}"));
        }
    }

    [Fact]
    public async Task A_subscriber_that_leaves_gets_no_more()
    {
        IListenerGrain grain = Cluster.Cluster.Client.GetGrain<IListenerGrain>("leaver");
        await grain.SubscribeAsync(StreamCluster.Provider, "explicit", "leave");
        await Cluster.Cluster.Client.GetGrain<IListenerGrain>("stayer").SubscribeAsync(StreamCluster.Provider, "explicit", "leave");
        await Cluster.ProduceAsync("explicit", "leave", 0, 10);
        await Record.WaitForAllAsync("leaver", 10);
        await grain.UnsubscribeAsync();
        await Cluster.ProduceAsync("explicit", "leave", 10, 10);
        await Record.WaitForAllAsync("stayer", 20);
        Assert.Equal(Enumerable.Range(0, 10), Record.Of("leaver"));
    }

    [Fact]
    public async Task A_subscriber_that_is_deactivated_while_events_flow_misses_none()
    {
        IListenerGrain grain = Cluster.Cluster.Client.GetGrain<IListenerGrain>("sleeper");
        await grain.SubscribeAsync(StreamCluster.Provider, "explicit", "sleep");
        Task producing = Cluster.ProduceAsync("explicit", "sleep", 0, 500);
        for (int i = 0; i < 5; i++)
        {
            int seen = 100 * i;
            await Record.WaitUntilAsync(() => Record.Of("sleeper").Length >= seen, () => $"only {Record.Of("sleeper").Length} came");
            await grain.DeactivateAsync();
        }
        await producing;
        output.WriteLine($"{await Record.WaitForAllAsync("sleeper", 500)} came twice");
    }

    [Fact]
    public async Task A_batch_arrives_as_it_was_produced()
    {
        await Cluster.Cluster.Client.GetGrain<IListenerGrain>("batches").SubscribeAsync(StreamCluster.Provider, "explicit", "batch");
        List<int> sizes = [];
        List<int> numbers = [];
        IAsyncStream<int> stream = Cluster.Streams.GetStream<int>(StreamId.Create("explicit", "batch"));
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        StreamSubscriptionHandle<int> handle = await stream.SubscribeAsync((IList<SequentialItem<int>> items) =>
        {
            sizes.Add(items.Count);
            numbers.AddRange(items.Select(item => item.Item));
            if (numbers.Count >= 50) all.TrySetResult();
            return Task.CompletedTask;
        });
        for (int i = 0; i < 5; i++) await stream.OnNextBatchAsync(Enumerable.Range(10 * i, 10));
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await Record.WaitForAllAsync("batches", 50);
        Assert.All(sizes, size => Assert.Equal(10, size));
        Assert.Equal(Enumerable.Range(0, 50), numbers);
        Assert.Equal(Enumerable.Range(0, 50), Record.Of("batches"));
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task Events_that_were_produced_one_by_one_arrive_at_a_batch_observer()
    {
        ConcurrentQueue<int> numbers = new();
        TaskCompletionSource all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        IAsyncStream<int> stream = Cluster.Streams.GetStream<int>(StreamId.Create("explicit", "singles"));
        StreamSubscriptionHandle<int> handle = await stream.SubscribeAsync((IList<SequentialItem<int>> items) =>
        {
            foreach (SequentialItem<int> item in items) numbers.Enqueue(item.Item);
            if (numbers.Count >= 50) all.TrySetResult();
            return Task.CompletedTask;
        });
        await Cluster.ProduceAsync("explicit", "singles", 0, 50);
        await all.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(Enumerable.Range(0, 50), numbers);
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task Each_subscription_of_one_consumer_gets_every_event_until_it_ends()
    {
        IAsyncStream<int> stream = Cluster.Streams.GetStream<int>(StreamId.Create("explicit", "multiple"));
        StreamSubscriptionHandle<int> first = await stream.SubscribeAsync((item, _) => Record.AddAsync("multiple-1", item));
        StreamSubscriptionHandle<int> second = await stream.SubscribeAsync((item, _) => Record.AddAsync("multiple-2", item));
        Assert.Equal(2, (await stream.GetAllSubscriptionHandles()).Count);
        await Cluster.ProduceAsync("explicit", "multiple", 0, 20);
        Assert.Equal(0, await Record.WaitForAllAsync("multiple-1", 20));
        Assert.Equal(0, await Record.WaitForAllAsync("multiple-2", 20));

        await first.UnsubscribeAsync();
        Assert.Equal(second, Assert.Single(await stream.GetAllSubscriptionHandles()));
        second = await second.ResumeAsync((item, _) => Record.AddAsync("multiple-2-resumed", item - 20));
        await Cluster.ProduceAsync("explicit", "multiple", 20, 20);
        Assert.Equal(0, await Record.WaitForAllAsync("multiple-2-resumed", 20));
        Assert.Equal(Enumerable.Range(0, 20), Record.Of("multiple-1"));
        Assert.Equal(Enumerable.Range(0, 20), Record.Of("multiple-2"));
        await second.UnsubscribeAsync();
        Assert.Empty(await stream.GetAllSubscriptionHandles());
    }

    [Fact]
    public async Task Many_producing_grains_of_many_streams_reach_their_subscribers_in_order()
    {
        const int streams = 10;
        for (int i = 0; i < streams; i++) await Cluster.Cluster.Client.GetGrain<IListenerGrain>($"produced-{i}").SubscribeAsync(StreamCluster.Provider, "explicit", $"produced-{i}");
        await Task.WhenAll(Enumerable.Range(0, streams).Select(i =>
            Cluster.Cluster.Client.GetGrain<IProducerGrain>($"producer-{i}").ProduceAsync(StreamCluster.Provider, "explicit", $"produced-{i}", 0, 50)));
        for (int i = 0; i < streams; i++)
        {
            Assert.Equal(0, await Record.WaitForAllAsync($"produced-{i}", 50));
            Assert.Equal(Enumerable.Range(0, 50), Record.Of($"produced-{i}"));
        }
    }

    [Fact]
    public async Task Grains_produce_and_a_client_outside_consumes()
    {
        IAsyncStream<int> stream = Cluster.Streams.GetStream<int>(StreamId.Create("explicit", "outside"));
        StreamSubscriptionHandle<int> handle = await stream.SubscribeAsync((item, _) => Record.AddAsync("outside", item));
        await Cluster.Cluster.Client.GetGrain<IProducerGrain>("inside").ProduceAsync(StreamCluster.Provider, "explicit", "outside", 0, 100);
        Assert.Equal(0, await Record.WaitForAllAsync("outside", 100));
        Assert.Equal(Enumerable.Range(0, 100), Record.Of("outside"));
        await handle.UnsubscribeAsync();
    }

    [Fact]
    public async Task What_a_stream_without_subscribers_brought_is_finished_and_not_kept()
    {
        await Cluster.ProduceAsync("nobody", "listens", 0, 50);
        await Cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "after-nobody", 0, 1);
        await Record.WaitForAllAsync("implicit/after-nobody", 1);
        await Cluster.WaitUntilNothingIsHeldAsync();
    }

    [Fact]
    public async Task An_event_reaches_its_subscriber_promptly()
    {
        List<double> latencies = [];
        for (int i = 0; i < 200; i++)
        {
            Stopwatch clock = Stopwatch.StartNew();
            TaskCompletionSource<double> came = new();
            int expected = i;
            Record.Handle("implicit/prompt", number =>
            {
                if (number == expected) came.TrySetResult(clock.Elapsed.TotalMilliseconds);
                return Task.CompletedTask;
            });
            await Cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "prompt", i, 1);
            latencies.Add(await came.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        }
        latencies.Sort();
        output.WriteLine($"p50 {latencies[100]:0.00} ms, p99 {latencies[198]:0.00} ms");
        // A provider that polls every 100 ms, as Orleans' own do by default, has 100 ms for each: one is produced when the one before was polled.
        // What else the machine does only ever adds to it, so the quickest tell.
        Assert.True(latencies[20] < 25, $"nine of ten events took more than {latencies[20]} ms");
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public StreamCluster Cluster { get; private set; } = null!;

        public async Task InitializeAsync() => Cluster = await StreamCluster.StartAsync();

        public async Task DisposeAsync() => await Cluster.DisposeAsync();
    }
}
