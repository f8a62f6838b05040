using Broker.Serving.Limits;
using Broker.Serving.Telemetry;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Broker.Serving.Http.Protection;

/// <summary>Adds what protects everything that is served by HTTP.</summary>
public static class HttpProtectionExtensions
{
    /// <summary>
    /// Has every <see cref="HttpSite"/> keep to limits and refuse what other sites have browsers send. The container needs a
    /// <see cref="TimeProvider"/>. To be called after what else configures Kestrel.
    /// </summary>
    /// <param name="services">The container.</param>
    /// <param name="options">The limits.</param>
    /// <param name="ownHosts">Names that this server listens by or is told to others by.</param>
    public static IServiceCollection AddHttpProtection(this IServiceCollection services, HttpOptions options, IReadOnlyList<string> ownHosts)
    {
        services.AddMetrics();
        services.TryAddSingleton<Refusals>();
        services.TryAddSingleton<ServingMetrics>();
        return services
            .AddSingleton(options)
            .AddSingleton<HttpLimits>()
            .AddSingleton(provider => new BrowserGuard(options, ownHosts, provider.GetRequiredService<Refusals>()))
            .AddHostedService<BadRequests>()
            .Configure<KestrelServerOptions>(kestrel => HttpLimits.Configure(kestrel.Limits, options));
    }
}
