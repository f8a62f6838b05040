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
    /// <param name="silos">How many silos.</param>
    /// <param name="withBroker">Whether a broker runs from the start.</param>
    /// <param name="options">Sets options of <see cref="Provider"/>.</param>
    /// <param name="services">Adds services to the silos.</param>
    /// <param name="configure">Changes Orleans' own settings of all providers.</param>
    /// <param name="someoneDies">Whether a silo is going to be killed.</param>
    /// <param name="others">Further providers on the same broker.</param>
    /// <param name="brokerFlags">Flags of the broker.</param>
    public static async Task<StreamCluster> StartAsync(
        short silos = 2,
        bool withBroker = true,
        Action<BrokerStreamOptions>? options = null,
        Action<IServiceCollection>? services = null,
        Action<ISiloPersistentStreamConfigurator>? configure = null,
        bool someoneDies = false,
        IReadOnlyDictionary<string, Action<BrokerStreamOptions>>? others = null,
        IEnumerable<string>? brokerFlags = null)
    {
        // Not one that the system gives out: nobody else takes it while the broker is away.
        int port = SiloPorts.Find();
        BrokerProcess? broker = withBroker ? await BrokerProcess.StartAsync([$"--tcp-address=127.0.0.1:{port}", .. brokerFlags ?? []]) : null;
        StreamRecord record = new();
        Dictionary<string, Action<BrokerStreamOptions>> providers = new() { [Provider] = Set(options) };
        foreach ((string name, Action<BrokerStreamOptions> other) in others ?? new Dictionary<string, Action<BrokerStreamOptions>>()) providers.Add(name, Set(other));
        InProcessTestClusterBuilder builder = new(silos);
        builder.Options.ConfigureFileLogging = false;
        builder.ConfigureSilo((_, silo) =>
        {
            silo.AddMemoryGrainStorage("PubSubStore");
            foreach ((string name, Action<BrokerStreamOptions> set) in providers)
            {
                silo.AddBrokerStreams(name, set, streams =>
                {
                    streams.ConfigurePullingAgent(agents => agents.Configure(agent => agent.MaxEventDeliveryTime = TimeSpan.FromSeconds(5)));
                    configure?.Invoke(streams);
                });
            }
            silo.Services.AddSingleton(record);
            // Silos that live must not be taken for dead because the machine is busy.
            silo.Services.Configure<ClusterMembershipOptions>(membership =>
            {
                membership.ProbeTimeout = TimeSpan.FromSeconds(someoneDies ? 1 : 20);
                membership.NumMissedProbesLimit = 3;
            });
            services?.Invoke(silo.Services);
        });
        builder.ConfigureClient(client =>
        {
            foreach ((string name, Action<BrokerStreamOptions> set) in providers) client.AddBrokerStreams(name, set);
        });
        InProcessTestCluster cluster = builder.Build();
        await cluster.DeployAsync();
        return new StreamCluster(broker, port, record, cluster);

        Action<BrokerStreamOptions> Set(Action<BrokerStreamOptions>? options) => streams =>
        {
            streams.Addresses = [$"127.0.0.1:{port}"];
            streams.QueueCount = 4;
            options?.Invoke(streams);
        };
    }

    /// <summary>Starts the broker, of a cluster that was started without, or again after it has ended.</summary>
    public async Task StartBrokerAsync()
    {
        if (Broker is null) Broker = await BrokerProcess.StartAsync($"--tcp-address=127.0.0.1:{Port}");
        else await Broker.StartAsync();
    }

    /// <summary>Produces the numbers from one on, each when the one before is at the broker.</summary>
    public async Task ProduceAsync(string streamNamespace, string key, int first, int count, string provider = Provider)
    {
        IAsyncStream<int> stream = Cluster.Client.GetStreamProvider(provider).GetStream<int>(StreamId.Create(streamNamespace, key));
        for (int i = first; i < first + count; i++) await stream.OnNextAsync(i);
    }

    /// <summary>Waits until every message that a silo received is answered.</summary>
    public async Task WaitUntilNothingIsHeldAsync()
    {
        for (int i = 0; i < 1200 && Held() > 0; i++) await Task.Delay(50);
        Assert.Equal(0, Held());

        int Held() => Cluster.Silos.Sum(static silo =>
            silo.ServiceProvider.GetKeyedServices<IQueueAdapterFactory>(KeyedService.AnyKey).Sum(static factory => ((BrokerQueueAdapterFactory)factory).Adapter.Held));
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        if (Broker is not null) await Broker.DisposeAsync();
    }
}
