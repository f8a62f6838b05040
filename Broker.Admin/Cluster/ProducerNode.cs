using System.Globalization;
using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A broker as <c>/api/nodes</c> tells of it (spec 5.1).</summary>
public sealed class ProducerNode
{
    /// <summary><c>lookup service/remote address</c> of each lookup service that knows it; null when brokers are asked directly.</summary>
    [JsonPropertyName("remote_addresses")] public List<string>? RemoteAddresses { get; set; }

    [JsonPropertyName("remote_address")] public string RemoteAddress { get; init; } = "";

    [JsonPropertyName("hostname")] public string Hostname { get; init; } = "";

    [JsonPropertyName("broadcast_address")] public string BroadcastAddress { get; init; } = "";

    [JsonPropertyName("tcp_port")] public int TcpPort { get; init; }

    [JsonPropertyName("http_port")] public int HttpPort { get; init; }

    [JsonPropertyName("version")] public string Version { get; init; } = "";

    [JsonPropertyName("topology_zone"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TopologyZone { get; init; }

    [JsonPropertyName("topology_region"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TopologyRegion { get; init; }

    /// <summary>Its topics by name; null when it has none.</summary>
    [JsonPropertyName("topics")] public List<ProducerTopic>? Topics { get; init; }

    /// <summary>Whether another node runs a newer version.</summary>
    [JsonPropertyName("out_of_date")] public bool IsOutOfDate { get; set; }

    /// <summary>host:port of its HTTP API: the name of a node in URLs.</summary>
    [JsonIgnore] public string HttpAddress => AddressOf(BroadcastAddress, HttpPort);

    /// <summary>host:port of its protocol.</summary>
    [JsonIgnore] public string TcpAddress => AddressOf(BroadcastAddress, TcpPort);

    // What listens on no port says -1, which no URL could have.
    internal static string AddressOf(string host, int port)
    {
        string name = host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host;
        return string.Create(CultureInfo.InvariantCulture, $"{name}:{Math.Max(0, port)}");
    }
}
