using Broker.Policies;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Broker.Gateway;

/// <summary>Adds the gateway to a container.</summary>
public static class GatewayServiceCollectionExtensions
{
    /// <summary>
    /// Adds the TCP front end and its Kestrel listeners. The container needs an <c>IGrainFactory</c> and
    /// Kestrel; a <see cref="TimeProvider"/> is taken from it if there is one.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    public static IServiceCollection AddNsqGateway(this IServiceCollection services, Action<GatewayOptions>? configure = null)
    {
        if (configure is not null)
            services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TlsServer>();
        services.TryAddSingleton<AccessControl>();
        services.TryAddSingleton<Refusals>();
        services.TryAddSingleton<NsqGateway>();
        services.TryAddSingleton<NsqConnectionHandler>();
        services.AddHostedService(static provider => provider.GetRequiredService<NsqGateway>());
        services.Configure<SocketTransportOptions>(ConfigureTransport);
        return services;
    }

    private static void ConfigureTransport(SocketTransportOptions transport)
    {
        // What a client that does not read can make the transport hold, besides its window.
        transport.MaxWriteBufferSize = 128 * 1024;
    }
}
