using System.Globalization;
using System.Net;

namespace Broker.Bench.Sockets;

/// <summary>Where a server listens.</summary>
/// <param name="Host">A name or an IP address.</param>
/// <param name="Port">0 only where a free port is to be chosen.</param>
public sealed record ServerAddress(string Host, int Port)
{
    /// <summary>Reads <c>host:port</c>, with an IPv6 address in brackets; null for anything else.</summary>
    public static ServerAddress? Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            || port > IPEndPoint.MaxPort)
            return null;
        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        else if (host.Contains(':'))
            return null;
        return host.Length == 0 ? null : new ServerAddress(host, port);
    }

    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
