using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Broker.Events;
using Broker.Grains.Topics;
using Broker.Policies;
using Broker.Silo.Cluster;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.Streams.Core;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Cluster;

/// <summary>The stream of events for applications in the same Orleans cluster: a silo as a process, and the application in this one.</summary>
public sealed class EventStreamTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly BrokerEvent[] Expected =
    [
        new(BrokerEventKind.TopicCreated, "t"),
        new(BrokerEventKind.ChannelCreated, "t", "c"),
        new(BrokerEventKind.ChannelPaused, "t", "c"),
        new(BrokerEventKind.ChannelResumed, "t", "c"),
        new(BrokerEventKind.TopicPaused, "t"),
        new(BrokerEventKind.TopicResumed, "t"),
        new(BrokerEventKind.ChannelDeleted, "t", "c"),
        new(BrokerEventKind.TopicDeleted, "t"),
    ];

    [Fact]
    public async Task Applications_in_the_cluster_hear_what_happens_as_clients_and_in_silos_of_their_own()
    {
        PostgresOptions database = new() { ConnectionString = (await PostgresServer.SharedAsync()).ConnectionString, Schema = $"{TestStorage.NewSchema()}_events" };
        string[] flags =
        [
            "--storage=postgres", $"--postgres={database.ConnectionString}", $"--postgres-schema={database.Schema}",
            "--advertised-address=127.0.0.1", "--event-stream",
        ];
        await using BrokerProcess broker = await BrokerProcess.StartSiloAsync(host: null, flags);
        EventRecord heard = new();
        using IHost client = await StartClientAsync(database);
        // The stream is in use before the application's silo joins.
        await HappenAsync(client);
        using IHost silo = await StartSiloAsync(database, heard);
        ConcurrentQueue<BrokerEvent> told = new();
        StreamSubscriptionHandle<BrokerEvent> handle = await client.Services.GetRequiredKeyedService<IStreamProvider>(BrokerEventStream.Provider)
            .GetStream<BrokerEvent>(StreamId.Create(BrokerEventStream.Namespace, BrokerEventStream.Key))
            .SubscribeAsync((happened, _) =>
            {
                told.Enqueue(happened);
                return Task.CompletedTask;
            });
        await HearsAsync(client, told, heard);

        ITopicGrain topic = Topic(client, "t");
        await topic.CreateChannelAsync("c");
        await topic.PauseChannelAsync("c", true);
        await topic.PauseChannelAsync("c", false);
        await topic.PauseAsync(true);
        await topic.PauseAsync(false);
        await topic.DeleteChannelAsync("c", 0);
        await topic.DeleteAsync();
        await ComesAndGoesAsync(flags, told, heard);

        Assert.Equal(Expected, told.Where(static happened => happened.Topic == "t"));
        Assert.Equal(Expected, heard.Events.Where(static happened => happened.Topic == "t"));
        await handle.UnsubscribeAsync();
        await client.StopAsync();
        await silo.StopAsync();
    }

    [Fact]
    public async Task Without_the_flag_a_silo_has_no_streams()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        Assert.Empty(broker.Services.GetKeyedServices<IStreamProvider>(KeyedService.AnyKey));
        Assert.Empty(broker.Services.GetKeyedServices<IQueueAdapterFactory>(KeyedService.AnyKey));
        Assert.Null(broker.Services.GetService<IEventStream>());
    }

    // A subscription is known to the agents a little after it was made, an implicit one after a pause.
    private static Task HearsAsync(IHost client, ConcurrentQueue<BrokerEvent> told, EventRecord heard)
    {
        Stopwatch pause = new();
        return Eventually.TrueAsync(async () =>
        {
            if (!pause.IsRunning || pause.Elapsed > 2 * BrokerEventStream.Quiet)
            {
                await HappenAsync(client);
                pause.Restart();
            }
            return !told.IsEmpty && !heard.Events.IsEmpty;
        });
    }

    // What a silo has read from the stream when it leaves may be lost with it: its own leaving is, now and then.
    private static Task ComesAndGoesAsync(string[] flags, ConcurrentQueue<BrokerEvent> told, EventRecord heard) => Eventually.TrueAsync(async () =>
    {
        await using BrokerProcess second = await BrokerProcess.StartSiloAsync(host: null, flags);
        await Eventually.TrueAsync(() => IsHeard(BrokerEventKind.NodeJoined));
        Assert.Equal(0, await second.TerminateAsync());
        Stopwatch gone = Stopwatch.StartNew();
        await Eventually.TrueAsync(() => IsHeard(BrokerEventKind.NodeLeft) || gone.Elapsed > 2 * BrokerEventStream.Quiet);
        return IsHeard(BrokerEventKind.NodeLeft);

        bool IsHeard(BrokerEventKind kind) => told.Any(happened => happened.Kind == kind) && heard.Events.Any(happened => happened.Kind == kind);
    });

    private static async Task HappenAsync(IHost client)
    {
        await Topic(client, "first").CreateAsync();
        await Topic(client, "first").DeleteAsync();
    }

    private static ITopicGrain Topic(IHost client, string topic) => client.Services.GetRequiredService<IGrainFactory>().GetGrain<ITopicGrain>(topic);

    private static async Task<IHost> StartSiloAsync(PostgresOptions database, EventRecord heard)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleans(silo =>
        {
            silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", ClusterDatabase.ConnectionStringOf(database)));
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("broker", "broker"));
            silo.ConfigureEndpoints(IPAddress.Loopback, SiloPorts.Find(), gatewayPort: 0);
#pragma warning disable ORLEANSEXP003
            silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
            silo.Configure<GrainDirectoryOptions>(static options => options.RangeLeaseDuration = TimeSpan.Zero);
            silo.Configure<ClusterMembershipOptions>(static options => options.IAmAliveTablePublishTimeout = new ClusterSettings().TableRefresh);
            silo.AddMemoryGrainStorage("PubSubStore");
            silo.AddMemoryStreams(BrokerEventStream.Provider, streams =>
            {
                streams.ConfigurePartitioning(BrokerEventStream.Partitions);
                streams.ConfigurePullingAgent(agent => agent.Configure(options => options.StreamInactivityPeriod = BrokerEventStream.Quiet));
            });
            silo.Services.AddSingleton(heard);
            // The tests know the broker's grains, which an application does not.
            silo.Configure<GrainTypeOptions>(options => options.Classes.RemoveWhere(static type => type.Assembly == typeof(DirectoryGrain).Assembly));
        });
        return await StartedAsync(builder);
    }

    private static async Task<IHost> StartClientAsync(PostgresOptions database)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.UseOrleansClient(client =>
        {
            client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = ("Npgsql", ClusterDatabase.ConnectionStringOf(database)));
            client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = ("broker", "broker"));
            client.AddMemoryStreams(BrokerEventStream.Provider);
        });
        return await StartedAsync(builder);
    }

    private static async Task<IHost> StartedAsync(HostApplicationBuilder builder)
    {
        IHost host = builder.Build();
        using CancellationTokenSource patience = new(Patience);
        await host.StartAsync(patience.Token);
        return host;
    }

    /// <summary>What the grain below was told.</summary>
    public sealed class EventRecord
    {
        public ConcurrentQueue<BrokerEvent> Events { get; } = new();
    }

    /// <summary>A grain of the application.</summary>
    [ImplicitStreamSubscription(BrokerEventStream.Namespace)]
    public sealed class Watcher(EventRecord record) : Grain, IGrainWithStringKey, IStreamSubscriptionObserver, IAsyncObserver<BrokerEvent>
    {
        public async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => await handleFactory.Create<BrokerEvent>().ResumeAsync(this);

        public Task OnNextAsync(BrokerEvent item, StreamSequenceToken? token = null)
        {
            record.Events.Enqueue(item);
            return Task.CompletedTask;
        }

        public Task OnErrorAsync(Exception ex) => Task.CompletedTask;
    }
}
