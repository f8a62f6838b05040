using Broker.Orleans.Streaming;
using Broker.Orleans.Streaming.Queues;
using Broker.Tests.Running;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.TestingHost;

namespace Broker.Tests.Streaming;

/// <summary>Genuine silos and a client in this process, with streams on a broker that is a process of its own.</summary>
public sealed class StreamCluster : IAsyncDisposable
{
    public const string Provider = "broker";

    private StreamCluster(BrokerProcess? broker, int port, StreamRecord record, InProcessTestCluster cluster) =>
        (Broker, Port, Record, Cluster) = (broker, port, record, cluster);

    /// <summary>Events of the counting tests; BROKER_STREAM_EVENTS sets another number.</summary>
    public static int Events => Knob.Read<int>("BROKER_STREAM_EVENTS") ?? 2_000;

    public BrokerProcess? Broker { get; private set; }

    /// <summary>Where the broker listens, whenever it runs.</summary>
    public int Port { get; }

    public StreamRecord Record { get; }

    public InProcessTestCluster Cluster { get; }

    public IStreamProvider Streams => Cluster.Client.GetStreamProvider(Provider);

    /// <summary>Starts a broker, unless told otherwise, and silos, which notice soon when one dies only where one is to.</summary>
    public static async Task<StreamCluster> StartAsync(
        short silos = 2,
        bool withBroker = true,
        Action<BrokerStreamOptions>? options = null,
        Action<IServiceCollection>? services = null,
        Action<ISiloPersistentStreamConfigurator>? configure = null,
        bool someoneDies = false)
    {
        // Not one that the system gives out: nobody else takes it while the broker is away.
        int port = SiloPorts.Find();
        BrokerProcess? broker = withBroker ? await BrokerProcess.StartAsync($"--tcp-address=127.0.0.1:{port}") : null;
        StreamRecord record = new();
        InProcessTestClusterBuilder builder = new(silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorage("PubSubStore");
            silo.AddBrokerStreams(Provider, Set, streams =>
            {
                streams.ConfigurePullingAgent(agents => agents.Configure(agent => agent.MaxEventDeliveryTime = TimeSpan.FromSeconds(5)));
                configure?.Invoke(streams);
            });
            silo.Services.AddSingleton(record);
            // Silos that live must not be taken for dead because the machine is busy.
            silo.Services.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(someoneDies ? 1 : 20);
                membership.NumMissedProbesLimit = 3;
            });
            services?.Invoke(silo.Services);
        });
        builder.ConfigureClient(client => client.AddBrokerStreams(Provider, Set));
        InProcessTestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        return new StreamCluster(broker, port, record, cluster);

        void Set(BrokerStreamOptions streams)
        {
            streams.Addresses = [$"127.0.0.1:{port}"];
            streams.QueueCount = 4;
            options?.Invoke(streams);
        }
    }

    /// <summary>Starts the broker, of a cluster that was started without, or again after it has ended.</summary>
    public async Task StartBrokerAsync()
    {
        if (Broker is null) Broker = await BrokerProcess.StartAsync($"--tcp-address=127.0.0.1:{Port}");
        else await Broker.StartAsync();
    }

    /// <summary>Produces the numbers from one on, each when the one before is at the broker.</summary>
    public async Task ProduceAsync(string streamNamespace, string key, int first, int count)
    {
        IAsyncStream<int> stream = Streams.GetStream<int>(StreamId.Create(streamNamespace, key));
        for (int i = first; i < first + count; i++) await stream.OnNextAsync(i);
    }

    /// <summary>Waits until every message that a silo received is answered.</summary>
    public async Task WaitUntilNothingIsHeldAsync()
    {
        for (int i = 0; i < 1200 && Held() > 0; i++) await Task.Delay(50);
        Assert.Equal(0, Held());

        int Held() => Cluster.Silos.Sum(silo => ((BrokerQueueAdapterFactory)silo.ServiceProvider.GetRequiredKeyedService<IQueueAdapterFactory>(Provider)).Adapter.Held);
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        if (Broker is not null) await Broker.DisposeAsync();
    }
}
