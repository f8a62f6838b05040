using System.Globalization;
using Broker.Gateway.Cluster;

namespace Broker.Gateway.Statsd;

/// <summary>What the names of figures begin with in statsd (spec 6.4).</summary>
public static class StatsdPrefix
{
    /// <summary>What a prefix with <c>%s</c> in it becomes for a broker.</summary>
    public static string Of(string prefix, BrokerIdentity identity) => Of(prefix, identity.FigureHost, identity.Describe().HttpPort ?? 0);

    /// <summary>What a prefix with <c>%s</c> in it becomes: host and port with underscores for dots and colons, and a dot at the end.</summary>
    public static string Of(string prefix, string host, long port)
    {
        string address = string.Create(CultureInfo.InvariantCulture, $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{port}");
        string key = address.Replace('.', '_').Replace(':', '_');
        string full = prefix.Replace("%s", key, StringComparison.Ordinal);
        return full.Length == 0 || full.EndsWith('.') ? full : full + ".";
    }
}
