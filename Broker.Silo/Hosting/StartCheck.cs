using System.Net;
using System.Net.Sockets;
using Broker.Silo.Cluster;
using Broker.Silo.Settings;

namespace Broker.Silo.Hosting;

/// <summary>
/// Looks, before anything is opened, whether what the operator named can be used: what fails later is told amid the lines of what has to be stopped
/// again. Somebody may take an address or a file between this and its use; then it fails there.
/// </summary>
internal static class StartCheck
{
    /// <summary>That nobody listens where this process is to.</summary>
    /// <param name="addresses">Where, as flags name it; an empty one is nowhere.</param>
    /// <exception cref="StartException">Somebody does, or the address is none of this machine.</exception>
    public static void Addresses(params ReadOnlySpan<string> addresses)
    {
        foreach (string text in addresses)
        {
            if (text.Length == 0)
                continue;
            ListenAddress address = ListenAddress.Parse(text);
            if (address.SocketPath is { } path)
                ThrowIfNoPlace(Path.GetFullPath(path));
            else
                ThrowIfTaken(address.IsAnyHost ? new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, address.Port) : address.Resolve());
        }
    }

    /// <summary>That nobody listens where a silo of a cluster is to.</summary>
    /// <exception cref="StartException">Somebody does, or the address is none of this machine.</exception>
    public static void SiloPorts(ClusterSettings cluster)
    {
        IPAddress address = AdvertisedAddress.Resolve(cluster.AdvertisedAddress);
        ThrowIfTaken(new IPEndPoint(address, cluster.SiloPort));
        ThrowIfTaken(new IPEndPoint(address, cluster.GatewayPort));
    }

    /// <summary>Why an address cannot be listened on.</summary>
    public static StartException Failure(EndPoint endPoint, SocketException e) => new(
        e.SocketErrorCode == SocketError.AddressAlreadyInUse
            ? $"listen ({endPoint}) failed - address already in use; stop what listens there or name another"
            : $"listen ({endPoint}) failed - {e.Message}");

    private static void ThrowIfNoPlace(string path)
    {
        UnixSocketFile.RemoveIfStale(path);
        if (File.Exists(path))
            throw Failure(new UnixDomainSocketEndPoint(path), new SocketException((int)SocketError.AddressAlreadyInUse));
        if (!Directory.Exists(Path.GetDirectoryName(path)))
            throw new StartException($"listen ({path}) failed - its directory does not exist; create it or name another");
    }

    private static void ThrowIfTaken(IPEndPoint endPoint)
    {
        try
        {
            using Socket socket = new(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (endPoint.Address.Equals(IPAddress.IPv6Any))
                socket.DualMode = true;
            socket.Bind(endPoint);
        }
        catch (SocketException e)
        {
            throw Failure(endPoint, e);
        }
    }
}
