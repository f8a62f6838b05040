using System.Globalization;
using System.Net;
using Broker.Admin;
using Broker.Grains;
using Broker.Grains.Placement;
using Broker.Grains.Topics;
using Broker.Health;
using Broker.Silo.Dashboard;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Silo.Telemetry;
using Broker.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Broker.Silo.Cluster;

/// <summary>Makes a process a silo that hosts the broker's grains.</summary>
public static class BrokerSiloExtensions
{
    /// <summary>Registers the silo and the grains: of a cluster where messages are in PostgreSQL, else a silo by itself that listens nowhere.</summary>
    /// <exception cref="StartException">The silo's address cannot be resolved, or its certificate cannot be read.</exception>
    public static WebApplicationBuilder AddBrokerSilo(this WebApplicationBuilder builder, BrokerSettings settings)
    {
        ClusterSettings cluster = settings.Cluster;
        builder.UseOrleans(silo =>
        {
            if (settings.IsClustered)
                JoinCluster(silo, settings);
            else
                StayAlone(silo);
            silo.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.ClusterId, cluster.ServiceId));
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = cluster.ResponseTimeout);
            // The first turns after a start compile what they run.
            silo.Configure<SchedulingOptions>(options => options.TurnWarningLengthThreshold = cluster.ResponseTimeout);
            // Where grains of other silos are. Orleans makes all of this room at the start, 8 MB for its million, and walks through it whenever a silo
            // comes or goes.
            silo.Configure<GrainDirectoryOptions>(options => options.CacheSize = settings.IsClustered ? 100_000 : 100);
            // Grains go by the broker's clock; what the silo does for itself, and how long calls may take, by the machine's.
            silo.Services.AddKeyedSingleton(KeyedService.AnyKey, static (_, _) => TimeProvider.System);
            silo.Services.AddKeyedSingleton(TimeProviderNames.Grains, static (services, _) => services.GetRequiredService<TimeProvider>());
            if (OtlpExport.SendsTraces(settings.Telemetry))
                silo.AddActivityPropagation();
            silo.UseSiloMetadata(new Dictionary<string, string> { [ClusterParts.VersionKey] = Product.Version });
            silo.Services.AddPlacementDirector<TopicPlacement, TopicPlacementDirector>();
            silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SiloWatch>();
            bool hasAdmin = settings.Admin.HttpAddress.Length > 0;
            // In a cluster the dashboard of any silo asks all of them.
            if (hasAdmin || settings.IsClustered)
                silo.AddSleepingDashboard();
            if (hasAdmin)
                silo.Services.AddSingleton<IAdminBranch, DashboardBranch>();
        });
        builder.Services.AddSingleton<HostedTopics>();
        builder.Services.AddSingleton<IHostedTopics>(services => services.GetRequiredService<HostedTopics>());
        builder.Services.AddSingleton<IReadinessCheck, SiloCheck>();
        return builder;
    }

    private static void JoinCluster(ISiloBuilder silo, BrokerSettings settings)
    {
        silo.Services.AddSingleton<ISiloMembership, SiloMembership>();
        ClusterSettings cluster = settings.Cluster;
        IPAddress address = AdvertisedAddress.Resolve(cluster.AdvertisedAddress);
        // Whoever reaches these ports can call every grain: nowhere else than where the others are told to look.
        silo.ConfigureEndpoints(address, cluster.SiloPort, cluster.GatewayPort);
        if (!IPAddress.IsLoopback(address) && cluster.TlsCertificateFile.Length == 0)
            silo.Services.AddHostedService<OpenClusterWarning>();
        silo.UseAdoNetClustering(options =>
            (options.Invariant, options.ConnectionString) = (ClusterDatabase.Invariant, ClusterDatabase.ConnectionStringOf(settings.Postgres)));
        silo.Configure<SiloOptions>(options => options.SiloName = string.Create(
            CultureInfo.InvariantCulture, $"{Dns.GetHostName()}:{cluster.SiloPort}"));
        silo.Configure<ClusterMembershipOptions>(options =>
        {
            options.ProbeTimeout = cluster.ProbeTimeout;
            // Orleans lets the time grow to four times this by itself, and counts no missed probe while a connection brought anything within that
            // time for each of them: a silo that hangs with its connections open would be put out after 12 s.
            options.MaxProbeTimeout = cluster.ProbeTimeout;
            options.EnableConnectionLivenessCheck = false;
            options.NumMissedProbesLimit = cluster.MissedProbes;
            options.TableRefreshTimeout = cluster.TableRefresh;
            // After all silos were killed at once, the next ones wait until the old ones have been silent for three of these.
            options.IAmAliveTablePublishTimeout = cluster.TableRefresh;
        });
        silo.Services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, DeadSilos>();
        // The default directory closes grains whose entries a leaving silo had, wherever they are, and may know two places of a grain for a while.
#pragma warning disable ORLEANSEXP003
        silo.AddDistributedGrainDirectory();
#pragma warning restore ORLEANSEXP003
        // It would not let the grains of a silo that died be opened for half a minute, in case that one still runs. The store fences it.
        silo.Configure<GrainDirectoryOptions>(static options => options.RangeLeaseDuration = TimeSpan.Zero);
        ClusterTls.Apply(silo, cluster);
        if (cluster.HasEventStream)
            EventStream.AddTo(silo);
    }

    private static void StayAlone(ISiloBuilder silo)
    {
        silo.UseLocalhostClustering(gatewayPort: 0);
        silo.ListenNowhere();
        silo.Configure<SiloOptions>(options => options.SiloName = Dns.GetHostName());
    }
}
