using System.Globalization;

namespace Broker.Client;

/// <summary>Where a server listens.</summary>
internal readonly record struct NsqAddress(string Host, int Port)
{
    /// <summary>Reads host:port or [IPv6]:port.</summary>
    /// <exception cref="ArgumentException">It is neither.</exception>
    public static NsqAddress Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0
            || !ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || port == 0)
        {
            throw new ArgumentException($"\"{text}\" is not an address of the form host:port");
        }
        string host = text[..colon];
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (host.Contains(':', StringComparison.Ordinal) && !bracketed)
            throw new ArgumentException($"\"{text}\" is not an address of the form host:port; an IPv6 address needs brackets");
        return new NsqAddress(bracketed ? host[1..^1] : host, port);
    }

    public override string ToString() =>
        Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
