using Broker.Gateway.Http.Dead;
using Broker.Gateway.Http.Health;
using Broker.Gateway.Http.Messages;
using Broker.Gateway.Http.Metrics;
using Broker.Gateway.Http.Policies;
using Broker.Gateway.Security;
using Broker.Policies;
using Broker.Serving.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>nsqd's HTTP API (spec 3).</summary>
/// <param name="services">Where the endpoints find their parts.</param>
/// <param name="logger">Where requests that crash are logged.</param>
public sealed class NsqdSite(IServiceProvider services, ILogger<NsqdSite> logger) : HttpSite(services, logger)
{
    private readonly bool _hasLogin = services.GetRequiredService<AccessControl>().IsFile;

    /// <inheritdoc/>
    protected override bool HasLogin => _hasLogin;

    /// <inheritdoc/>
    protected override bool BoundsBodies => true;

    /// <inheritdoc/>
    protected override IHttpGate? CreateGate(IServiceProvider services) => services.GetRequiredService<HttpGate>();

    /// <inheritdoc/>
    protected override void Map(IServiceProvider services, IEndpointRouteBuilder endpoints)
    {
        services.GetRequiredService<StateEndpoints>().Map(endpoints);
        services.GetRequiredService<PublishEndpoints>().Map(endpoints);
        services.GetRequiredService<TopicEndpoints>().Map(endpoints);
        services.GetRequiredService<ChannelEndpoints>().Map(endpoints);
        services.GetRequiredService<MessageEndpoints>().Map(endpoints);
        services.GetRequiredService<DeadEndpoints>().Map(endpoints);
        services.GetRequiredService<PolicyEndpoints>().Map(endpoints);
        services.GetRequiredService<ConfigEndpoints>().Map(endpoints);
        services.GetRequiredService<HealthEndpoints>().Map(endpoints);
        new DebugEndpoints().Map(endpoints);
        if (services.GetRequiredService<TelemetryOptions>().Metrics)
            services.GetRequiredService<MetricsEndpoints>().Map(endpoints);
    }
}
