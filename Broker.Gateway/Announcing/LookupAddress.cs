using System.Globalization;

namespace Broker.Gateway.Announcing;

/// <summary>Where a lookup service is: a name, which may stand for several hosts, or an IP address; and a port.</summary>
public readonly record struct LookupAddress(string Host, int Port)
{
    /// <summary>Reads <c>host:port</c>, brackets around an IPv6 address; null when it is something else.</summary>
    public static LookupAddress? TryParse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
            return null;
        string host = text[..colon];
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        return new LookupAddress(host, port);
    }
}
