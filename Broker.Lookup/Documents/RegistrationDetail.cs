using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>One producer of one key, as <c>/debug</c> shows it.</summary>
public sealed record RegistrationDetail
{
    /// <summary>ip:port that the node connected from.</summary>
    [JsonPropertyName("id")] public required string Id { get; init; }

    /// <summary>Its host's own name.</summary>
    [JsonPropertyName("hostname")] public required string Hostname { get; init; }

    /// <summary>Host under which it is reached.</summary>
    [JsonPropertyName("broadcast_address")] public required string BroadcastAddress { get; init; }

    /// <summary>Port of the NSQ protocol.</summary>
    [JsonPropertyName("tcp_port")] public required long TcpPort { get; init; }

    /// <summary>Port of its HTTP API.</summary>
    [JsonPropertyName("http_port")] public required long HttpPort { get; init; }

    /// <summary>Its version.</summary>
    [JsonPropertyName("version")] public required string Version { get; init; }

    /// <summary>Its zone; empty when it has none.</summary>
    [JsonPropertyName("topology_zone")] public required string TopologyZone { get; init; }

    /// <summary>Its region; empty when it has none.</summary>
    [JsonPropertyName("topology_region")] public required string TopologyRegion { get; init; }

    /// <summary>When it was last heard from, in nanoseconds since the Unix epoch.</summary>
    [JsonPropertyName("last_update")] public required long LastUpdate { get; init; }

    /// <summary>Whether a tombstone was ever put on it, be it of old.</summary>
    [JsonPropertyName("tombstoned")] public required bool Tombstoned { get; init; }

    /// <summary>When, in nanoseconds since the Unix epoch; 0 for never.</summary>
    [JsonPropertyName("tombstoned_at")] public required long TombstonedAt { get; init; }
}
