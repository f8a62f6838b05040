using System.Globalization;
using System.Net;

namespace Broker.Silo.Hosting;

/// <summary>Where to listen: host and port, or the path of a unix socket.</summary>
/// <remarks>As in nsqd, what cannot be read as host:port is a path.</remarks>
public sealed record ListenAddress
{
    // sun_path of Linux has 108 bytes, the last of which is zero.
    private const int MaxSocketPathBytes = 107;

    private ListenAddress(string host, int port, string? socketPath)
    {
        Host = host;
        Port = port;
        SocketPath = socketPath;
    }

    /// <summary>Name or IP address without brackets; empty for all interfaces.</summary>
    public string Host { get; }

    /// <summary>0 for any free port.</summary>
    public int Port { get; }

    /// <summary>Path of the unix socket; null when this is a host and port.</summary>
    public string? SocketPath { get; }

    /// <summary>Whether this stands for all interfaces. Go takes 0.0.0.0 for IPv4 and IPv6 alike, and so do we.</summary>
    public bool IsAnyHost => SocketPath is null && (Host.Length == 0 || Host is "0.0.0.0" or "::");

    /// <exception cref="FormatException">It is neither; the message says what is wrong with it.</exception>
    public static ListenAddress Parse(string text)
    {
        if (text.Length == 0) throw new FormatException("must not be empty; write <host>:<port> or the path of a unix socket");
        int colon = text.LastIndexOf(':');
        if (colon < 0 || text.Contains('/')) return OfPath(text);

        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']')) host = host[1..^1];
        else if (host.Contains(':')) return OfPath(text);

        string port = text[(colon + 1)..];
        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number))
            throw new FormatException($"port \"{port}\" is no number from 0 to 65535");
        return new ListenAddress(host, number, null);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (SocketPath is not null) return SocketPath;
        string host = Host.Contains(':') ? $"[{Host}]" : Host;
        return string.Create(CultureInfo.InvariantCulture, $"{host}:{Port}");
    }

    /// <summary>The address to bind: for a name its first IPv4 address, else its first IPv6 address, as Go chooses.</summary>
    /// <exception cref="StartException">The name cannot be resolved.</exception>
    public IPEndPoint Resolve()
    {
        if (IPAddress.TryParse(Host, out IPAddress? literal)) return new IPEndPoint(literal, Port);
        try
        {
            IPAddress[] addresses = Dns.GetHostAddresses(Host);
            IPAddress? best = addresses.OrderBy(address => address.AddressFamily).FirstOrDefault();
            if (best is not null) return new IPEndPoint(best, Port);
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Falls through: an unknown name and a name without addresses are the same to the operator.
        }
        throw new StartException($"listen ({this}) failed - host \"{Host}\" cannot be resolved");
    }

    private static ListenAddress OfPath(string path)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) > MaxSocketPathBytes)
            throw new FormatException($"\"{path}\" is too long for a unix socket; use a path of at most {MaxSocketPathBytes} bytes");
        return new ListenAddress("", 0, path);
    }
}
