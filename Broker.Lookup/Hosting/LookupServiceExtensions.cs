using Broker.Lookup.Connections;
using Broker.Lookup.Http;
using Broker.Lookup.Registrations;
using Broker.Serving.Hosting;
using Broker.Serving.Limits;
using Broker.Serving.Http.Config;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Broker.Lookup.Hosting;

/// <summary>Adds the lookup service to a container.</summary>
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
        services.TryAddSingleton<Refusals>();
        return services
            .AddSingleton(options)
            .AddSingleton<LookupRegistry>()
            .AddSingleton<LookupConnectionHandler>()
            .AddSingleton<LookupEndpoints>()
            .AddSingleton<LookupSite>();
    }
}
