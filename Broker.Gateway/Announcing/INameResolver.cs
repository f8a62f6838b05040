using System.Net;

namespace Broker.Gateway.Announcing;

/// <summary>Finds the addresses behind a host name.</summary>
public interface INameResolver
{
    /// <summary>All addresses of a name; an IP address is its own.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name is not known, or nobody can be asked.</exception>
    Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellation);
}
