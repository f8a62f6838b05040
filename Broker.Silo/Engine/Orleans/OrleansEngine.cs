using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Broker.Admin;
using Broker.Events;
using Broker.Grains.Topics;
using Broker.Health;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Dashboard;
using Orleans.Hosting;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Broker.Silo.Engine;

/// <summary>Runs the grains on a cluster of silos, of which this process is one.</summary>
public static class OrleansEngine
{
    /// <summary>What the start banner calls it.</summary>
    public const string Name = "Orleans";

    private const string Npgsql = "Npgsql";
    // The name by which Orleans looks for it.
    private const string StreamSubscriptions = "PubSubStore";
    private const string VersionKey = "broker.version";

    /// <summary>Whether it knows clusters: silos in several processes, and gateways by themselves.</summary>
    public static bool IsClustered => true;

    /// <summary>Fits the settings to the engine, before anything is made of them.</summary>
    public static void Adapt(BrokerSettings settings)
    {
        if (settings.StorageKind != StorageKind.Postgres)
            return;
        settings.Postgres.IsShared = true;
        settings.Queue.HandOverWait = settings.Cluster.HandOverWait;
    }

    /// <summary>Makes the tables that a cluster needs in the database of the messages, or brings them up to date.</summary>
    /// <exception cref="Storage.StoreException">They cannot be made.</exception>
    public static Task PrepareDatabaseAsync(BrokerSettings settings, CancellationToken cancellation) =>
        settings.Postgres.ConnectionString.Length > 0 ? ClusterDatabase.PrepareAsync(settings.Postgres, cancellation) : Task.CompletedTask;

    /// <summary>The silos of the cluster and their grains, as the admin web's cluster page tells them.</summary>
    public static async ValueTask<IReadOnlyList<ClusterPart>> DescribeAsync(IServiceProvider services, CancellationToken cancellation)
    {
        IManagementGrain management = services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0);
        MembershipEntry[] silos = await management.GetDetailedHosts(onlyActive: true).WaitAsync(cancellation);
        SimpleGrainStatistic[] grains = await management.GetSimpleGrainStatistics().WaitAsync(cancellation);
        ISiloMetadataCache metadata = services.GetRequiredService<ISiloMetadataCache>();
        ClusterOptions cluster = services.GetRequiredService<Microsoft.Extensions.Options.IOptions<ClusterOptions>>().Value;
        List<ClusterPart> parts = [new("Cluster", "id", cluster.ClusterId)];
        foreach (MembershipEntry silo in silos.OrderBy(silo => silo.SiloName, StringComparer.Ordinal))
        {
            string version = metadata.GetSiloMetadata(silo.SiloAddress).Metadata.GetValueOrDefault(VersionKey, "unknown");
            parts.Add(new("Cluster", silo.SiloName, string.Create(
                CultureInfo.InvariantCulture,
                $"{silo.SiloAddress.Endpoint}, version {version}, since {silo.StartTime:yyyy-MM-dd HH:mm:ss} UTC, {CountIn(grains, silo.SiloAddress)} grains")));
        }
        foreach (IGrouping<string, SimpleGrainStatistic> type in grains
            .Where(grain => grain.GrainType.StartsWith("Broker.", StringComparison.Ordinal))
            .GroupBy(grain => grain.GrainType.Split(',')[0].Split('.')[^1])
            .OrderBy(type => type.Key, StringComparer.Ordinal))
        {
            parts.Add(new("Grains", type.Key, type.Sum(grain => grain.ActivationCount).ToString(CultureInfo.InvariantCulture)));
        }
        return parts;
    }

    /// <summary>Registers the silo and the grains.</summary>
    /// <exception cref="StartException">The silo's address cannot be resolved, or its certificate cannot be read.</exception>
    public static void AddTo(WebApplicationBuilder builder, BrokerSettings settings)
    {
        ClusterSettings cluster = settings.Cluster;
        // Before the silo, which starts only when it has joined.
        if (settings.StorageKind == StorageKind.Postgres)
            builder.Services.AddHostedService<DeadSilos>();
        builder.UseOrleans(silo =>
        {
            if (settings.StorageKind == StorageKind.Postgres)
            {
                IPAddress address = Resolve(cluster.AdvertisedAddress);
                silo.ConfigureEndpoints(address, cluster.SiloPort, cluster.GatewayPort, listenOnAnyHostAddress: !IPAddress.IsLoopback(address));
                string connection = ClusterDatabase.ConnectionStringOf(settings.Postgres);
                silo.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, connection));
                silo.AddAdoNetGrainStorageAsDefault(options => (options.Invariant, options.ConnectionString) = (Npgsql, connection));
            }
            else
            {
                silo.UseLocalhostClustering(cluster.SiloPort, cluster.GatewayPort);
                silo.AddMemoryGrainStorageAsDefault();
            }
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.ClusterId, cluster.ServiceId));
            silo.Configure<SiloOptions>(options => options.SiloName = string.Create(
                CultureInfo.InvariantCulture, $"{Dns.GetHostName()}:{cluster.SiloPort}"));
            silo.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = cluster.ProbeTimeout;
                options.NumMissedProbesLimit = cluster.MissedProbes;
                options.TableRefreshTimeout = cluster.TableRefresh;
                // After all silos were killed at once, the next ones wait until the old ones have been silent for three of these.
                options.IAmAliveTablePublishTimeout = cluster.TableRefresh;
            });
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = cluster.ResponseTimeout);
            // The counts that tools read live in the activations, and what is idle costs little.
            silo.Configure<GrainCollectionOptions>(options => options.CollectionAge = TimeSpan.FromDays(3650));
            // Hints over one queue: what is not told at once is found out later.
            silo.AddMemoryStreams(EventStream.Provider, streams => streams.ConfigurePartitioning(1));
            silo.AddMemoryGrainStorage(StreamSubscriptions);
            silo.UseSiloMetadata(new Dictionary<string, string> { [VersionKey] = Product.Version });
            silo.Services.AddPlacementDirector<TopicPlacement, TopicPlacementDirector>();
            silo.Services.AddSingleton<IGrainPropertiesProvider, TopicPlacementProperties>();
            ClusterTls.Apply(silo, cluster);
            if (settings.Admin.HttpAddress.Length > 0)
            {
                silo.AddDashboard();
                silo.Services.AddSingleton<IAdminBranch, DashboardBranch>();
            }
        });
        builder.Services.AddSingleton<HostedTopics>();
        builder.Services.AddSingleton<IHostedTopics>(services => services.GetRequiredService<HostedTopics>());
        builder.Services.AddSingleton<IReadinessCheck, SiloCheck>();
        builder.Services.AddHostedService<SiloWatch>();
    }

    /// <summary>Registers what a gateway by itself finds the grains of its cluster by.</summary>
    /// <exception cref="StartException">Its certificate cannot be read.</exception>
    public static void AddClientTo(WebApplicationBuilder builder, BrokerSettings settings)
    {
        ClusterSettings cluster = settings.Cluster;
        builder.UseOrleansClient(client =>
        {
            if (settings.StorageKind == StorageKind.Postgres)
            {
                string connection = ClusterDatabase.ConnectionStringOf(settings.Postgres);
                client.UseAdoNetClustering(options => (options.Invariant, options.ConnectionString) = (Npgsql, connection));
            }
            else
            {
                client.UseLocalhostClustering();
            }
            client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.ClusterId, cluster.ServiceId));
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = cluster.ResponseTimeout);
            client.Configure<Orleans.Configuration.GatewayOptions>(options => options.GatewayListRefreshPeriod = ClusterTableRefresh);
            client.Services.AddSingleton<ClusterConnection>();
            client.Services.AddSingleton<IClientConnectionRetryFilter>(services => services.GetRequiredService<ClusterConnection>());
            client.Services.AddSingleton<IClusterConnectionStatusObserver>(services => services.GetRequiredService<ClusterConnection>());
            client.AddMemoryStreams(EventStream.Provider, streams => streams.ConfigurePartitioning(1));
            ClusterTls.Apply(client, cluster);
        });
        builder.Services.AddSingleton<IHostedTopics, NoTopics>();
        builder.Services.AddSingleton<IReadinessCheck>(services => services.GetRequiredService<ClusterConnection>());
    }

    private static readonly TimeSpan ClusterTableRefresh = TimeSpan.FromSeconds(5);

    private static int CountIn(SimpleGrainStatistic[] grains, SiloAddress silo) =>
        grains.Where(grain => grain.SiloAddress.Equals(silo)).Sum(grain => grain.ActivationCount);

    private static IPAddress Resolve(string address)
    {
        string host = address.Length > 0 ? address : Dns.GetHostName();
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return literal;
        try
        {
            IPAddress[] found = Dns.GetHostAddresses(host);
            // A host that knows itself by loopback only has no other to offer.
            if (found.OrderBy(IPAddress.IsLoopback).ThenBy(found => found.AddressFamily != AddressFamily.InterNetwork).FirstOrDefault() is { } best)
                return best;
        }
        catch (SocketException)
        {
            // Falls through: an unknown name and a name without addresses are the same to the operator.
        }
        throw new StartException($"--advertised-address: host \"{host}\" cannot be resolved; give the address at which the other silos reach this one");
    }
}
