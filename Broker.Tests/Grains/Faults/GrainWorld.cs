using System.Text;
using Broker.Channels;
using Broker.Grains;
using Broker.Grains.Channels;
using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Tests.Simulation;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Grains.Faults;

/// <summary>The grains of one silo under virtual time. Two of them on one store are two silos that know nothing of each other.</summary>
internal sealed class GrainWorld : IDisposable
{
    private readonly GrainSimulation _simulation;
    private readonly long _publisher;
    private long _sequence;

    public GrainWorld(
        IMessageStore store, int seed = 1, Func<TimeProvider, IKnownChannels>? known = null, QueueOptions? options = null,
        ISiloMembership? membership = null, Action<IServiceCollection>? add = null)
    {
        _publisher = 7 + seed;
        _simulation = new GrainSimulation(
            seed,
            services =>
            {
                services.AddSingleton(options ?? new QueueOptions());
                services.AddSingleton(new TopicStores(store, new MemoryMessageStore(), membership));
                services.AddSingleton(new ChannelSeed(seed));
                if (known is not null)
                    services.AddSingleton(provider => known(provider.GetRequiredService<TimeProvider>()));
                add?.Invoke(services);
            },
            simulated => simulated with { GrainAssemblies = [typeof(TopicGrain).Assembly], ResponseTimeout = TimeSpan.FromSeconds(4) });
    }

    public SeededScheduler Scheduler => _simulation.Scheduler;

    public VirtualTimeProvider Time => _simulation.Time;

    public GrainSimulation Simulation => _simulation;

    public ITopicGrain Topic => _simulation.Grains.GetGrain<ITopicGrain>("t");

    public IChannelGrain Channel(string name) => _simulation.Grains.GetGrain<IChannelGrain>(ChannelKey.Of("t", name));

    public IDirectoryGrain Directory => _simulation.Grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key);

    public T Run<T>(Func<ValueTask<T>> call) => Scheduler.Run(() => call().AsTask());

    /// <summary>Begins a call, and lets it go as far as it can without time passing.</summary>
    public Task<T> Begin<T>(Func<ValueTask<T>> call)
    {
        Task<T>? begun = null;
        Scheduler.Run(() =>
        {
            begun = call().AsTask();
            return Task.CompletedTask;
        });
        Scheduler.RunUntilIdle();
        return begun!;
    }

    public TopicReply Publish(params string[] bodies) => Run(() => Topic.PublishAsync(Request(bodies)));

    /// <summary>Publishes, again and again while the topic is about to be opened elsewhere, as a gateway does.</summary>
    public TopicReply PublishSoon(params string[] bodies)
    {
        PublishRequest request = Request(bodies);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return Run(() => Topic.PublishAsync(request));
            }
            catch (FencedException) when (attempt < 10)
            {
                Scheduler.RunFor(TimeSpan.FromMilliseconds(100));
            }
        }
    }

    public PublishRequest Request(params string[] bodies) => new()
    {
        Publisher = _publisher,
        Sequence = ++_sequence,
        Batch = MessageBatch.Create(1, [.. bodies.Select(Encoding.ASCII.GetBytes)]),
    };

    /// <summary>Publishes one message that is due after a delay.</summary>
    public TopicReply Defer(string body, TimeSpan delay)
    {
        PublishRequest request = Request(body);
        long due = Time.GetUtcNow().ToUnixTimeMilliseconds() + (long)delay.TotalMilliseconds;
        return Run(() => Topic.PublishAsync(new PublishRequest
        {
            Publisher = request.Publisher,
            Sequence = request.Sequence,
            Batch = new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = 1, Records = request.Batch.Records, DueTimes = [due] },
        }));
    }

    public TopicStats Stats() => Run(() => Topic.StatsAsync(new StatsRequest(null, false)));

    public ChannelStats Stats(string channel) => Stats().Channels.Single(found => found.Channel == channel);

    public void Dispose() => _simulation.Dispose();
}
