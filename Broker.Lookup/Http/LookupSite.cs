using Broker.Serving.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Broker.Lookup.Http;

/// <summary>The HTTP API of the lookup service (spec 4.2).</summary>
/// <param name="services">Where the endpoints find their parts.</param>
/// <param name="logger">Where requests that crash are logged.</param>
public sealed class LookupSite(IServiceProvider services, ILogger<LookupSite> logger) : HttpSite(services, logger)
{
    /// <inheritdoc/>
    protected override void Map(IServiceProvider services, IEndpointRouteBuilder endpoints) =>
        services.GetRequiredService<LookupEndpoints>().Map(endpoints);
}
