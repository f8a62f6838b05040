using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>A node as consumers and tools are told of it.</summary>
public record Producer
{
    /// <summary>ip:port that it connected from.</summary>
    [JsonPropertyName("remote_address"), JsonPropertyOrder(-8)] public required string RemoteAddress { get; init; }

    /// <summary>Its host's own name.</summary>
    [JsonPropertyName("hostname"), JsonPropertyOrder(-7)] public required string Hostname { get; init; }

    /// <summary>Host under which it is reached.</summary>
    [JsonPropertyName("broadcast_address"), JsonPropertyOrder(-6)] public required string BroadcastAddress { get; init; }

    /// <summary>Port of the NSQ protocol.</summary>
    [JsonPropertyName("tcp_port"), JsonPropertyOrder(-5)] public required long TcpPort { get; init; }

    /// <summary>Port of its HTTP API.</summary>
    [JsonPropertyName("http_port"), JsonPropertyOrder(-4)] public required long HttpPort { get; init; }

    /// <summary>Its version.</summary>
    [JsonPropertyName("version"), JsonPropertyOrder(-3)] public required string Version { get; init; }

    /// <summary>Its zone; empty when it has none.</summary>
    [JsonPropertyName("topology_zone"), JsonPropertyOrder(-2)] public required string TopologyZone { get; init; }

    /// <summary>Its region; empty when it has none.</summary>
    [JsonPropertyName("topology_region"), JsonPropertyOrder(-1)] public required string TopologyRegion { get; init; }
}
