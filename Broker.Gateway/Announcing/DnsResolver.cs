using System.Net;
using System.Net.Sockets;

namespace Broker.Gateway.Announcing;

/// <summary>Asks DNS.</summary>
public sealed class DnsResolver : INameResolver
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return [literal];
        IPAddress[] all = await Dns.GetHostAddressesAsync(host, cancellation);
        // A host with IPv4 and IPv6, as localhost is, is one host: taken for two it would be registered with twice.
        IPAddress[] v4 = [.. all.Where(address => address.AddressFamily == AddressFamily.InterNetwork)];
        return v4.Length > 0 ? v4 : all;
    }
}
