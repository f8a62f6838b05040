using Broker.Health;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Silo.Telemetry;
using Broker.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Broker.Silo.Cluster;

/// <summary>Makes a process a client of a cluster, which hosts no grains itself: a gateway by itself.</summary>
public static class ClusterClientExtensions
{
    private static readonly TimeSpan GatewayListRefresh = TimeSpan.FromSeconds(5);

    /// <summary>Registers what the grains of the cluster are found by.</summary>
    /// <exception cref="StartException">The process's certificate cannot be read.</exception>
    public static WebApplicationBuilder AddClusterClient(this WebApplicationBuilder builder, BrokerSettings settings)
    {
        ClusterSettings cluster = settings.Cluster;
        builder.UseOrleansClient(client =>
        {
            client.UseAdoNetClustering(options =>
                (options.Invariant, options.ConnectionString) = (ClusterDatabase.Invariant, ClusterDatabase.ConnectionStringOf(settings.Postgres)));
            client.Configure<ClusterOptions>(options => (options.ClusterId, options.ServiceId) = (cluster.ClusterId, cluster.ServiceId));
            client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = cluster.ResponseTimeout);
            client.Configure<Orleans.Configuration.GatewayOptions>(options => options.GatewayListRefreshPeriod = GatewayListRefresh);
            client.Services.AddSingleton<ClusterConnection>();
            client.Services.AddSingleton<IClientConnectionRetryFilter>(services => services.GetRequiredService<ClusterConnection>());
            client.Services.AddSingleton<IClusterConnectionStatusObserver>(services => services.GetRequiredService<ClusterConnection>());
            if (OtlpExport.SendsTraces(settings.Telemetry))
                client.AddActivityPropagation();
            ClusterTls.Apply(client, cluster);
        });
        builder.Services.AddSingleton<IHostedTopics, NoTopics>();
        builder.Services.AddSingleton<IReadinessCheck>(services => services.GetRequiredService<ClusterConnection>());
        return builder;
    }
}
