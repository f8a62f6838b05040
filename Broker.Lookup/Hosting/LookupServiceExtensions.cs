using Broker.Gateway.Cluster;
using Broker.Gateway.Http;
using Broker.Policies;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Broker.Gateway.Lookup;

/// <summary>Adds the lookup service, and those who register with one, to a container.</summary>
public static class LookupServiceExtensions
{
    /// <summary>
    /// Adds the registry and what serves it: <see cref="LookupConnectionHandler"/> and <see cref="LookupSite"/>, each to be given a
    /// listener. The container needs a <see cref="TimeProvider"/>.
    /// </summary>
    public static IServiceCollection AddLookupService(this IServiceCollection services, LookupOptions options)
    {
        services.AddRoutingCore();
        services.TryAddSingleton<BoundAddresses>();
        return services
            .AddSingleton(options)
            .AddSingleton<LookupRegistry>()
            .AddSingleton<LookupConnectionHandler>()
            .AddSingleton<LookupEndpoints>()
            .AddSingleton<LookupSite>();
    }

    /// <summary>
    /// Makes the topics and channels of the broker in this process known: to the lookup service beside it and to those that
    /// <see cref="GatewayOptions.LookupdTcpAddresses"/> names. The container needs the gateway and the lookup service.
    /// </summary>
    public static IServiceCollection AddRegistration(this IServiceCollection services) => services
        .AddSingleton<EventFeed>()
        .AddSingleton<EventSubscription>()
        .AddSingleton<ClusterNodes>()
        .AddSingleton<Tombstones>()
        .AddSingleton<BrokerTopology>()
        .AddSingleton<BrokerIdentity>()
        .AddSingleton<INameResolver, DnsResolver>()
        .AddSingleton<LocalRegistration>()
        .AddSingleton<LookupAnnouncer>()
        .AddSingleton<IKnownChannels, LookupChannels>()
        .AddSingleton<IWritableOption, LookupAddressesOption>()
        .AddHostedService(static provider => provider.GetRequiredService<EventSubscription>())
        .AddHostedService(static provider => provider.GetRequiredService<ClusterNodes>())
        .AddHostedService(static provider => provider.GetRequiredService<LocalRegistration>())
        .AddHostedService(static provider => provider.GetRequiredService<LookupAnnouncer>())
        .AddHostedService<DeletedTopics>()
        .AddHostedService(static provider => provider.GetRequiredService<BrokerTopology>());
}
