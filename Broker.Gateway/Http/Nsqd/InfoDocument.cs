using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>The answer to <c>/info</c> (spec 3.3).</summary>
public sealed class InfoDocument
{
    [JsonPropertyName("version")] public required string Version { get; init; }

    [JsonPropertyName("broadcast_address")] public required string BroadcastAddress { get; init; }

    [JsonPropertyName("hostname")] public required string Hostname { get; init; }

    /// <summary>The port that is listened on; -1 for a unix socket.</summary>
    [JsonPropertyName("http_port")] public required int HttpPort { get; init; }

    /// <summary>The port that is listened on; -1 for a unix socket.</summary>
    [JsonPropertyName("tcp_port")] public required int TcpPort { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    [JsonPropertyName("start_time")] public required long StartTime { get; init; }

    /// <summary>Nanoseconds.</summary>
    [JsonPropertyName("max_heartbeat_interval")] public required long MaxHeartbeatInterval { get; init; }

    /// <summary>Bytes.</summary>
    [JsonPropertyName("max_output_buffer_size")] public required int MaxOutputBufferSize { get; init; }

    /// <summary>Nanoseconds.</summary>
    [JsonPropertyName("max_output_buffer_timeout")] public required long MaxOutputBufferTimeout { get; init; }

    [JsonPropertyName("max_deflate_level")] public required int MaxDeflateLevel { get; init; }

    [JsonPropertyName("topology_zone")] public required string TopologyZone { get; init; }

    [JsonPropertyName("topology_region")] public required string TopologyRegion { get; init; }
}
