using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Announcing;

namespace Broker.Tests.Lookup;

/// <summary>Names whose addresses the test says.</summary>
internal sealed class FakeResolver : INameResolver
{
    private readonly ConcurrentDictionary<string, IPAddress[]> _names = new();
    private int _questions;

    /// <summary>How often it was asked.</summary>
    public int Questions => Volatile.Read(ref _questions);

    /// <summary>Sets a name's addresses; none for a name that is not known.</summary>
    public void Set(string host, params string[] addresses) => _names[host] = [.. addresses.Select(IPAddress.Parse)];

    public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _questions);
        return _names.TryGetValue(host, out IPAddress[]? addresses) && addresses.Length > 0
            ? Task.FromResult<IReadOnlyList<IPAddress>>(addresses)
            : Task.FromException<IReadOnlyList<IPAddress>>(new SocketException((int)SocketError.HostNotFound));
    }
}
