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

/// <summary>What becomes of events that a subscriber cannot handle, and of messages that nobody can read.</summary>
public sealed class FailedEventTests
{
    [Fact]
    public async Task A_poison_event_becomes_a_dead_letter_and_the_stream_goes_on()
    {
        Failures failures = new();
        await using StreamCluster cluster = await StreamCluster.StartAsync(
            options: options => options.Format = StreamBodyFormat.Json,
            services: services => services.AddKeyedSingleton<IStreamFailureHandler>(StreamCluster.Provider, failures),
            configure: ImpatientAgents);
        cluster.Record.Handle("implicit/poison", number => number == 1 ? throw new InvalidOperationException("poison") : Task.CompletedTask);
        await cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "poison", 0, 3);
        NsqMessage dead = await OneMessageAsync(cluster, "broker.dead");
        JsonElement envelope = JsonDocument.Parse(dead.Body).RootElement;
        Assert.Equal("poison", envelope.GetProperty("key").GetString());
        Assert.Equal(1, envelope.GetProperty("events")[0].GetInt32());
        await cluster.Record.WaitUntilAsync(() => cluster.Record.Of("implicit/poison").Length == 2, () => "the stream stands still");
        Assert.Equal([0, 2], cluster.Record.Of("implicit/poison"));
        await cluster.WaitUntilNothingIsHeldAsync();
        Assert.Equal(1, failures.Count);
    }

    [Fact]
    public async Task A_failed_event_comes_again_when_it_is_to_be_requeued()
    {
        Failures failures = new();
        await using StreamCluster cluster = await StreamCluster.StartAsync(
            options: options => (options.FailedEvents, options.RequeueDelay) = (FailedEventPolicy.Requeue, TimeSpan.FromMilliseconds(100)),
            services: services => services.AddKeyedSingleton<IStreamFailureHandler>(StreamCluster.Provider, failures),
            configure: ImpatientAgents);
        cluster.Record.Handle("implicit/again", _ => failures.Count == 0 ? throw new InvalidOperationException("not yet") : Task.CompletedTask);
        await cluster.ProduceAsync(ImplicitListenerGrain.Namespace, "again", 0, 1);
        await cluster.Record.WaitForAllAsync("implicit/again", 1);
        await cluster.WaitUntilNothingIsHeldAsync();
    }

    [Fact]
    public async Task A_message_that_is_no_envelope_becomes_a_dead_letter_as_it_is()
    {
        await using StreamCluster cluster = await StreamCluster.StartAsync();
        await using NsqProducer producer = new(new NsqProducerOptions { Addresses = { $"127.0.0.1:{cluster.Port}" } });
        await producer.PublishAsync("broker.0", "\u0007 nonsense"u8.ToArray());
        NsqMessage dead = await OneMessageAsync(cluster, "broker.dead");
        Assert.Equal("\u0007 nonsense", Encoding.UTF8.GetString(dead.Body.Span));
        await cluster.WaitUntilNothingIsHeldAsync();
    }

    private static void ImpatientAgents(ISiloPersistentStreamConfigurator streams) =>
        streams.ConfigurePullingAgent(agents => agents.Configure(agent => agent.MaxEventDeliveryTime = TimeSpan.FromMilliseconds(200)));

    private static async Task<NsqMessage> OneMessageAsync(StreamCluster cluster, string topic)
    {
        await using NsqConsumer consumer = new(new NsqConsumerOptions { Topic = topic, Channel = "test", Addresses = { $"127.0.0.1:{cluster.Port}" } });
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(60));
        await foreach (NsqMessage message in consumer.ReadAllAsync(patience.Token)) return message;
        throw new InvalidOperationException("no message came");
    }

    private sealed class Failures : IStreamFailureHandler
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
