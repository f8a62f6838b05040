using Broker.Gateway.Lookup.Http;
using Broker.Policies;
using Broker.Topics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Gateway.Lookup;

/// <summary>Adds the lookup service to a host.</summary>
public static class LookupServiceExtensions
{
    /// <summary>Adds the registry and what serves it. The container needs an <see cref="BoundAddresses"/> and a <see cref="TimeProvider"/>.</summary>
    public static IServiceCollection AddLookupService(this IServiceCollection services, LookupOptions options) => services
        .AddSingleton(options)
        .AddSingleton<LookupRegistry>()
        .AddSingleton<LookupConnectionHandler>()
        .AddSingleton<LookupHttp>();

    /// <summary>
    /// Makes the topics and channels of the broker in this process known: to the lookup service beside it and to those that
    /// <see cref="GatewayOptions.LookupdTcpAddresses"/> names. The container needs the gateway and the lookup service.
    /// </summary>
    public static IServiceCollection AddRegistration(this IServiceCollection services) => services
        .AddSingleton<BrokerTopology>()
        .AddSingleton<BrokerIdentity>()
        .AddSingleton<INameResolver, DnsResolver>()
        .AddSingleton<LocalRegistration>()
        .AddSingleton<LookupAnnouncer>()
        .AddSingleton<IKnownChannels, LookupChannels>()
        .AddHostedService(static provider => provider.GetRequiredService<LocalRegistration>())
        .AddHostedService(static provider => provider.GetRequiredService<LookupAnnouncer>())
        .AddHostedService(static provider => provider.GetRequiredService<BrokerTopology>());

    /// <summary>Serves the lookup protocol on a listener.</summary>
    public static void UseLookupProtocol(this ListenOptions listener) => listener.UseConnectionHandler<LookupConnectionHandler>();

    /// <summary>Serves the lookup service's HTTP API on a listener. The application needs <see cref="UseLookupHttp(IApplicationBuilder)"/>.</summary>
    public static void UseLookupHttp(this ListenOptions listener)
    {
        listener.Protocols = HttpProtocols.Http1;
        LookupHttp http = listener.ApplicationServices.GetRequiredService<LookupHttp>();
        // One pipeline serves all HTTP listeners of the process: the connection says which of them it came by.
        listener.Use(next => connection =>
        {
            connection.Features.Set(http);
            return next(connection);
        });
    }

    /// <summary>Answers the requests that came by a listener of the lookup service; others are passed on.</summary>
    public static IApplicationBuilder UseLookupHttp(this IApplicationBuilder application) => application.Use(
        (context, next) => context.Features.Get<LookupHttp>() is { } http ? http.HandleAsync(context) : next(context));
}
