using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Broker.Gateway;

/// <summary>An address as nsqd's flags write it: <c>host:port</c>, or else the path of a unix socket (spec 1.1).</summary>
public static class ListenAddress
{
    /// <summary>The endpoint that an address names. No host means all interfaces, port 0 a free port.</summary>
    /// <exception cref="FormatException">The port is no port, or the host is unknown.</exception>
    public static EndPoint Parse(string address)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        if (!TrySplit(address, out string host, out string portText))
            return new UnixDomainSocketEndPoint(address);
        if (!ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port))
            throw new FormatException($"address {address}: {portText} is not a port");
        if (host.Length == 0)
            return new IPEndPoint(IPAddress.IPv6Any, port);
        return new IPEndPoint(IPAddress.TryParse(host, out IPAddress? ip) ? ip : Resolve(address, host), port);
    }

    private static bool TrySplit(string address, out string host, out string port)
    {
        host = port = "";
        int colon = address.LastIndexOf(':');
        if (colon < 0)
            return false;
        host = address[..colon];
        port = address[(colon + 1)..];
        if (host.StartsWith('[') && host.EndsWith(']'))
        {
            host = host[1..^1];
            return true;
        }
        return !host.Contains(':', StringComparison.Ordinal) && !host.Contains('/', StringComparison.Ordinal);
    }

    private static IPAddress Resolve(string address, string host)
    {
        try
        {
            IPAddress[] found = Dns.GetHostAddresses(host);
            return Array.Find(found, static ip => ip.AddressFamily == AddressFamily.InterNetwork) ?? found[0];
        }
        catch (SocketException e)
        {
            throw new FormatException($"address {address}: {e.Message}", e);
        }
    }
}
