using Broker.Gateway.Cluster;
using Broker.Policies;
using Broker.Serving.Http.Config;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Gateway.Announcing;

/// <summary>Adds what announces this broker to a container.</summary>
public static class AnnouncingServiceExtensions
{
    /// <summary>
    /// Makes the topics and channels of the broker in this process known: to the lookup service beside it and to those that
    /// <see cref="GatewayOptions.LookupdTcpAddresses"/> names. The container needs the gateway and an <see cref="IOwnLookup"/>.
    /// </summary>
    public static IServiceCollection AddAnnouncing(this IServiceCollection services) => services
        .AddSingleton<ClusterNodes>()
        .AddSingleton<Tombstones>()
        .AddSingleton<BrokerTopology>()
        .AddSingleton<BrokerIdentity>()
        .AddSingleton<INameResolver, DnsResolver>()
        .AddSingleton<LocalRegistration>()
        .AddSingleton<LookupAnnouncer>()
        .AddSingleton<IKnownChannels, LookupChannels>()
        .AddSingleton<IWritableOption, LookupAddressesOption>()
        .AddHostedService(static provider => provider.GetRequiredService<ClusterNodes>())
        .AddHostedService(static provider => provider.GetRequiredService<LocalRegistration>())
        .AddHostedService(static provider => provider.GetRequiredService<LookupAnnouncer>())
        .AddHostedService<DeletedTopics>()
        .AddHostedService(static provider => provider.GetRequiredService<BrokerTopology>());
}
