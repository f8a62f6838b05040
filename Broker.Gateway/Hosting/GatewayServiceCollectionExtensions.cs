using Broker.Gateway.Connections;
using Broker.Gateway.Events;
using Broker.Gateway.Http.Dead;
using Broker.Gateway.Http.Health;
using Broker.Gateway.Http.Messages;
using Broker.Gateway.Http.Metrics;
using Broker.Gateway.Http.Nsqd;
using Broker.Gateway.Http.Policies;
using Broker.Gateway.Http.Stats;
using Broker.Gateway.Security;
using Broker.Gateway.Statsd;
using Broker.Gateway.Telemetry;
using Broker.Gateways;
using Broker.Health;
using Broker.Policies;
using Broker.Serving.Hosting;
using Broker.Serving.Http;
using Broker.Serving.Http.Config;
using Broker.Serving.Limits;
using Broker.Telemetry;
using Broker.Topics;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Broker.Gateway.Hosting;

/// <summary>Adds the gateway to a container.</summary>
public static class GatewayServiceCollectionExtensions
{
    /// <summary>
    /// Adds the TCP front end. Kestrel is to listen with <see cref="NsqConnectionHandler"/>; the container needs an
    /// <c>IGrainFactory</c>, and a <see cref="TimeProvider"/> is taken from it if there is one.
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
        services.AddMetrics();
        services.TryAddSingleton<TelemetryOptions>();
        services.TryAddSingleton(static provider => new MessageTraces(provider.GetRequiredService<TelemetryOptions>().TraceSampleRate));
        services.TryAddSingleton<GatewayMetrics>();
        services.TryAddSingleton<Refusals>();
        services.TryAddSingleton<EventFeed>();
        services.TryAddSingleton<IHostedTopics, AllTopics>();
        services.TryAddSingleton<LocalGateways>();
        services.TryAddSingleton<NsqGateway>();
        services.TryAddSingleton<NsqConnectionHandler>();
        services.TryAddSingleton<BoundAddresses>();
        services.AddHostedService(static provider => provider.GetRequiredService<NsqGateway>());
        services.Configure<SocketTransportOptions>(ConfigureTransport);
        return services;
    }

    /// <summary>
    /// Adds nsqd's HTTP API. The container needs the gateway (<see cref="AddNsqGateway"/>), an <see cref="IHealthSource"/> and an
    /// <see cref="IBrokerOptions"/>; the listener gets <see cref="NsqdSite"/>, and the host has <see cref="HttpSite.DispatchAsync"/> answer.
    /// </summary>
    public static IServiceCollection AddNsqdHttp(this IServiceCollection services)
    {
        services.AddRoutingCore();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<BrokerClock>();
        services.AddSingleton<StatsCollector>();
        services.AddSingleton<StateEndpoints>();
        services.AddSingleton<PublishEndpoints>();
        services.AddSingleton<TopicEndpoints>();
        services.AddSingleton<ChannelEndpoints>();
        services.AddSingleton<MessageEndpoints>();
        services.AddSingleton<DeadEndpoints>();
        services.AddSingleton<PolicyEndpoints>();
        services.AddSingleton<ConfigEndpoints>();
        services.AddSingleton<IReadinessCheck, GrainCheck>();
        services.AddSingleton<HealthEndpoints>();
        services.AddSingleton<MetricCollector>();
        services.AddSingleton<MetricsEndpoints>();
        services.AddSingleton<HttpGate>();
        services.AddSingleton<NsqdSite>();
        services.Configure<KestrelServerOptions>(LiftLimits);
        return services;
    }

    /// <summary>
    /// Tells a statsd daemon figures, if the options name one. The container needs nsqd's HTTP API (<see cref="AddNsqdHttp"/>) and the
    /// registration's parts, as figures are named by the address that this broker is known by.
    /// </summary>
    public static IServiceCollection AddStatsd(this IServiceCollection services)
    {
        services.AddHostedService<StatsdReporter>();
        return services;
    }

    // Every endpoint bounds what it reads by the options of its own, and NSQ lets answers take their time (spec 3.1).
    private static void LiftLimits(KestrelServerOptions kestrel)
    {
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinResponseDataRate = null;
    }

    private static void ConfigureTransport(SocketTransportOptions transport)
    {
        // What a client that does not read can make the transport hold, besides its window.
        transport.MaxWriteBufferSize = 128 * 1024;
    }
}
