using Broker.Admin;
using Broker.Gateway.Cluster;
using Broker.Gateway.Events;
using Broker.Gateway.Http.Nsqd;
using Broker.Lookup.Http;
using Broker.Serving.Hosting;
using Broker.Serving.Http.Config;
using Broker.Silo.Cluster;
using Broker.Silo.Logging;
using Broker.Silo.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Broker.Silo.Hosting;

/// <summary>Puts the admin web into a host, beside a broker or alone.</summary>
internal static class AdminComposition
{
    /// <summary>Registers the admin web of brokers elsewhere, and gives its listener.</summary>
    public static IReadOnlyList<Listener> AddAlone(WebApplicationBuilder builder, BrokerSettings settings)
    {
        builder.Services.AddSingleton<OwnSites>();
        builder.Services.AddSingleton(new ClusterAddresses(settings.Admin));
        builder.Services.AddSingleton<IBrokerOptions>(new BrokerOptions(settings));
        builder.Services.AddSingleton<IWritableOption>(new LogLevelOption(settings.LogLevels));
        return Add(builder, settings.Admin, "HTTP");
    }

    /// <summary>Registers the admin web of the broker in this process, and gives its listener; none when it is served nowhere.</summary>
    public static IReadOnlyList<Listener> AddBeside(WebApplicationBuilder builder, BrokerSettings settings)
    {
        AdminOptions admin = settings.Admin;
        if (admin.HttpAddress.Length == 0)
            return [];
        // Flags of nsqd that are nsqadmin's too.
        admin.ConnectTimeout = settings.Gateway.Auth.ConnectTimeout;
        admin.RequestTimeout = settings.Gateway.Auth.RequestTimeout;
        admin.StatsdPrefix = settings.Telemetry.Statsd.Prefix;
        admin.StatsdInterval = settings.Telemetry.Statsd.Interval;
        builder.Services.AddSingleton<ClusterParts>();
        builder.Services.AddSingleton<IClusterParts, SiloParts>();
        builder.Services.AddSingleton(OwnSitesOf);
        builder.Services.AddSingleton(ChangesOf);
        builder.Services.AddSingleton(provider => new ClusterAddresses(admin, () => LookupOf(provider), () => BrokerOf(provider)));
        return Add(builder, admin, "admin HTTP");
    }

    private static IReadOnlyList<Listener> Add(WebApplicationBuilder builder, AdminOptions admin, string protocol)
    {
        builder.Services.TryAddSingleton<BoundAddresses>();
        builder.Services.AddAdmin(admin);
        return [new Listener(protocol, ListenAddress.Parse(admin.HttpAddress), listener =>
            listener.ApplicationServices.GetRequiredService<AdminSite>().ServeOn(listener))];
    }

    private static string LookupOf(IServiceProvider provider) =>
        $"127.0.0.1:{Math.Max(0, provider.GetRequiredService<BoundAddresses>().LookupHttpPort)}";

    private static string BrokerOf(IServiceProvider provider) =>
        AddressOf(provider, Math.Max(0, provider.GetRequiredService<BoundAddresses>().HttpPort));

    private static string AddressOf(IServiceProvider provider, int port)
    {
        string host = provider.GetRequiredService<BrokerIdentity>().BroadcastAddress;
        return host.Contains(':') ? $"[{host}]:{port}" : $"{host}:{port}";
    }

    private static ClusterChanges ChangesOf(IServiceProvider provider)
    {
        ClusterChanges changes = new();
        provider.GetRequiredService<EventFeed>().Received += _ => changes.Note();
        return changes;
    }

    private static OwnSites OwnSitesOf(IServiceProvider provider)
    {
        OwnSites sites = new();
        OwnSite broker = new(provider.GetRequiredService<NsqdSite>(), provider);
        // By the address that it is told to others by, which may have another port, and by its own.
        sites.Add(() => AddressOf(provider, (int)(provider.GetRequiredService<BrokerIdentity>().Describe().HttpPort ?? 0)), broker);
        sites.Add(() => BrokerOf(provider), broker);
        sites.Add(() => LookupOf(provider), new OwnSite(provider.GetRequiredService<LookupSite>(), provider));
        return sites;
    }
}
