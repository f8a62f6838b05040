using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Broker.Client;
using Broker.Orleans.Streaming;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Tests.Streaming;

/// <summary>What becomes of events that a subscriber cannot handle, and of messages that nobody can read: a provider for each policy.</summary>
public sealed class FailedEventTests(FailedEventTests.Fixture fixture) : IClassFixture<FailedEventTests.Fixture>
{
    private const string Json = "json";
    private const string Requeue = "requeue";
    private const string Drop = "drop";

    private StreamCluster Cluster => fixture.Cluster;

    [Fact]
    public async Task A_poison_event_becomes_a_dead_letter_and_the_stream_goes_on()
    {
        Cluster.Record.Handle("implicit/poison", number => number == 1 ? throw new InvalidOperationException("poison") : Task.CompletedTask);
        await Cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "poison", 0, 3, Json);
        NsqMessage dead = await OneMessageAsync("json.dead");
        JsonElement envelope = JsonDocument.Parse(dead.Body).RootElement;
        Assert.Equal("poison", envelope.GetProperty("key").GetString());
        Assert.Equal(1, envelope.GetProperty("events")[0].GetInt32());
        await Cluster.Record.WaitUntilAsync(() => Cluster.Record.Of("implicit/poison").Length == 2, () => "the stream stands still");
        Assert.Equal([0, 2], Cluster.Record.Of("implicit/poison"));
        await Cluster.WaitUntilNothingIsHeldAsync();
        Assert.Equal(1, fixture.Failures[Json].Count);
    }

    [Fact]
    public async Task A_failed_event_comes_again_when_it_is_to_be_requeued()
    {
        Failures failures = fixture.Failures[Requeue];
        Cluster.Record.Handle("implicit/again", _ => failures.Count == 0 ? throw new InvalidOperationException("not yet") : Task.CompletedTask);
        await Cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "again", 0, 1, Requeue);
        await Cluster.Record.WaitForAllAsync("implicit/again", 1);
        await Cluster.WaitUntilNothingIsHeldAsync();
    }

    [Fact]
    public async Task A_failed_event_is_forgotten_when_it_is_to_be_dropped()
    {
        ConcurrentBag<string> outcomes = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, listening) =>
        {
            if (instrument.Name == "broker.streams.messages") listening.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) =>
        {
            Dictionary<string, object?> values = new(tags.ToArray());
            if (((string)values["queue"]!).StartsWith("drop.", StringComparison.Ordinal)) outcomes.Add((string)values["outcome"]!);
        });
        listener.Start();
        Cluster.Record.Handle("implicit/dropped", number => number == 1 ? throw new InvalidOperationException("poison") : Task.CompletedTask);
        await Cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "dropped", 0, 3, Drop);
        await Cluster.Record.WaitUntilAsync(() => Cluster.Record.Of("implicit/dropped").Length == 2, () => "the stream stands still");
        Assert.Equal([0, 2], Cluster.Record.Of("implicit/dropped"));
        await Cluster.WaitUntilNothingIsHeldAsync();
        Assert.Equal(["dropped", "finished", "finished", "received", "received", "received"], outcomes.Order(StringComparer.Ordinal));
        Assert.Equal(1, fixture.Failures[Drop].Count);
    }

    [Fact]
    public async Task A_message_that_is_no_envelope_becomes_a_dead_letter_as_it_is()
    {
        await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { $"127.0.0.1:{Cluster.Port}" } });
        await producer.PublishAsync("broker.0", "\u0007 nonsense"u8.ToArray());
        NsqMessage dead = await OneMessageAsync("broker.dead");
        Assert.Equal("\u0007 nonsense", Encoding.UTF8.GetString(dead.Body.Span));
        await Cluster.WaitUntilNothingIsHeldAsync();
    }

    private async Task<NsqMessage> OneMessageAsync(string topic)
    {
        await using NsqConsumer consumer = new(new NsqConsumerOptions { Topic = topic, Channel = "test", Addresses = { $"127.0.0.1:{Cluster.Port}" } });
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await foreach (NsqMessage message in consumer.ReadAllAsync(patience.Token)) return message;
        throw new InvalidOperationException("no message came");
    }

    public sealed class Fixture : IAsyncLifetime
    {
        public StreamCluster Cluster { get; private set; } = null!;

        /// <summary>What the application is told, by provider.</summary>
        public IReadOnlyDictionary<string, Failures> Failures { get; } =
            new[] { Json, Requeue, Drop }.ToDictionary(provider => provider, _ => new Failures());

        public async Task InitializeAsync() => Cluster = await StreamCluster.StartAsync(
            others: new Dictionary<string, Action<BrokerStreamOptions>>
            {
                [Json] = options => (options.QueueCount, options.Format) = (1, StreamBodyFormat.Json),
                [Requeue] = options => (options.QueueCount, options.FailedEvents, options.RequeueDelay) = (1, FailedEventPolicy.Requeue, TimeSpan.FromMilliseconds(100)),
                [Drop] = options => (options.QueueCount, options.FailedEvents) = (1, FailedEventPolicy.Drop),
            },
            services: services =>
            {
                foreach ((string provider, Failures failures) in Failures) services.AddKeyedSingleton<IStreamFailureHandler>(provider, failures);
            },
            configure: streams => streams.ConfigurePullingAgent(agents => agents.Configure(agent => agent.MaxEventDeliveryTime = TimeSpan.FromMilliseconds(200))));

        public async Task DisposeAsync() => await Cluster.DisposeAsync();
    }

    /// <summary>Counts what the application is told of failures.</summary>
    public sealed class Failures : IStreamFailureHandler
    {
        private int _count;

        public int Count => _count;

        public bool ShouldFaultSubsriptionOnError => false;

        public Task OnDeliveryFailure(GuidId subscriptionId, string streamProviderName, StreamId streamIdentity, StreamSequenceToken? sequenceToken)
        {
            Interlocked.Increment(ref _count);
            return Task.CompletedTask;
        }

        public Task OnSubscriptionFailure(GuidId subscriptionId, string streamProviderName, StreamId streamIdentity, StreamSequenceToken? sequenceToken) =>
            Task.CompletedTask;
    }
}
