using Broker.Gateway.Announcing;
using Broker.Gateway.Cluster;
using Broker.Gateway.Hosting;
using Broker.Gateway.Http.Nsqd;
using Broker.Gateway.Security;
using Broker.Health;
using Broker.Lookup.Hosting;
using Broker.Serving.Hosting;
using Broker.Serving.Http.Config;
using Broker.Silo.Cluster;
using Broker.Silo.Logging;
using Broker.Silo.Settings;
using Broker.Silo.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Broker.Silo.Hosting;

/// <summary>Puts the front end that clients connect to into a host: beside grains, or by itself.</summary>
internal static class GatewayComposition
{
    /// <summary>Registers a gateway by itself, and gives its listeners.</summary>
    public static IReadOnlyList<Listener> AddTo(WebApplicationBuilder builder, BrokerSettings settings)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(settings.Telemetry);
        builder.AddClusterClient(settings);
        AddFrontEnd(builder, settings);
        services.AddSingleton<IHealthSource, NothingKept>();
        return [.. ListenersOf(settings), .. LookupComposition.AddTo(builder, settings.Lookup, "lookup TCP", "lookup HTTP")];
    }

    /// <summary>Registers what serves clients.</summary>
    public static void AddFrontEnd(WebApplicationBuilder builder, BrokerSettings settings)
    {
        IServiceCollection services = builder.Services;
        services.AddSingleton(Options.Create(settings.Gateway));
        services.AddNsqGateway();
        services.AddNsqdHttp();
        services.AddSingleton<IOwnLookup, OwnLookup>();
        services.AddAnnouncing();
        services.AddStatsd();
        services.AddHostedService(_ => new OtlpExport(settings));
        services.AddSingleton<IBrokerOptions>(provider => new BrokerOptions(settings, provider.GetRequiredService<BrokerIdentity>()));
        services.AddSingleton<IWritableOption>(new LogLevelOption(settings.LogLevels));
    }

    /// <summary>Where clients are served.</summary>
    public static IReadOnlyList<Listener> ListenersOf(BrokerSettings settings)
    {
        List<Listener> listeners = [new Listener("TCP", ListenAddress.Parse(settings.Gateway.TcpAddress), ServeTcp)];
        if (settings.Gateway.HttpAddress.Length > 0)
            listeners.Add(new Listener("HTTP", ListenAddress.Parse(settings.Gateway.HttpAddress), ServeHttp));
        if (settings.Gateway.Tls.IsEnabled && settings.Gateway.HttpsAddress.Length > 0)
            listeners.Add(new Listener("HTTPS", ListenAddress.Parse(settings.Gateway.HttpsAddress), ServeHttps));
        return listeners;
    }

    private static void ServeTcp(ListenOptions tcp)
    {
        tcp.ApplicationServices.GetRequiredService<BoundAddresses>().Tcp = tcp;
        tcp.UseConnectionHandler<NsqConnectionHandler>();
    }

    private static void ServeHttp(ListenOptions http)
    {
        http.ApplicationServices.GetRequiredService<BoundAddresses>().Http = http;
        http.ApplicationServices.GetRequiredService<NsqdSite>().ServeOn(http);
    }

    private static void ServeHttps(ListenOptions https)
    {
        https.ApplicationServices.GetRequiredService<BoundAddresses>().Https = https;
        https.ApplicationServices.GetRequiredService<NsqdSite>().ServeOn(https, static listener => listener.UseTls());
    }

    /// <summary>The health of a process that keeps nothing.</summary>
    private sealed class NothingKept : IHealthSource
    {
        /// <inheritdoc/>
        public string? Failure => null;
    }
}
