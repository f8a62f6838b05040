using Broker.Lookup;
using Broker.Lookup.Connections;
using Broker.Lookup.Hosting;
using Broker.Lookup.Http;
using Broker.Serving.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Silo.Hosting;

/// <summary>Puts the lookup service into a host, beside a broker or alone.</summary>
internal static class LookupComposition
{
    /// <summary>Registers the service, and gives its listeners; none when it is served nowhere.</summary>
    /// <param name="builder">The host.</param>
    /// <param name="options">Where it is served.</param>
    /// <param name="tcp">What the start banner calls its protocol.</param>
    /// <param name="http">What the start banner calls its HTTP API.</param>
    public static IReadOnlyList<Listener> AddTo(WebApplicationBuilder builder, LookupOptions options, string tcp, string http)
    {
        builder.Services.AddLookupService(options);
        List<Listener> listeners = [];
        if (options.TcpAddress.Length > 0)
        {
            listeners.Add(new Listener(tcp, ListenAddress.Parse(options.TcpAddress), listener =>
            {
                listener.ApplicationServices.GetRequiredService<BoundAddresses>().LookupTcp = listener;
                listener.UseConnectionHandler<LookupConnectionHandler>();
            }));
        }
        if (options.HttpAddress.Length > 0)
        {
            listeners.Add(new Listener(http, ListenAddress.Parse(options.HttpAddress), listener =>
            {
                listener.ApplicationServices.GetRequiredService<BoundAddresses>().LookupHttp = listener;
                listener.ApplicationServices.GetRequiredService<LookupSite>().ServeOn(listener);
            }));
        }
        return listeners;
    }
}
