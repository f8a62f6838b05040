using System.Text.Json;
using System.Text.Json.Serialization;

namespace Broker.Protocol;

/// <summary>The negotiated settings, in the order in which nsqd writes them (spec 1.7).</summary>
public sealed class IdentifyReply
{
    /// <summary>Greatest RDY.</summary>
    [JsonPropertyName("max_rdy_count")] public int MaxRdyCount { get; init; }

    /// <summary>Version of the server.</summary>
    [JsonPropertyName("version")] public string Version { get; init; } = "";

    /// <summary>Milliseconds.</summary>
    [JsonPropertyName("max_msg_timeout")] public long MaxMsgTimeout { get; init; }

    /// <summary>Milliseconds.</summary>
    [JsonPropertyName("msg_timeout")] public long MsgTimeout { get; init; }

    /// <summary>Whether the connection goes on with TLS.</summary>
    [JsonPropertyName("tls_v1")] public bool Tls { get; init; }

    /// <summary>Whether the connection goes on with deflate.</summary>
    [JsonPropertyName("deflate")] public bool Deflate { get; init; }

    /// <summary>Level of deflate.</summary>
    [JsonPropertyName("deflate_level")] public int DeflateLevel { get; init; }

    /// <summary>Greatest level of deflate.</summary>
    [JsonPropertyName("max_deflate_level")] public int MaxDeflateLevel { get; init; }

    /// <summary>Whether the connection goes on with snappy.</summary>
    [JsonPropertyName("snappy")] public bool Snappy { get; init; }

    /// <summary>Sample rate.</summary>
    [JsonPropertyName("sample_rate")] public int SampleRate { get; init; }

    /// <summary>Whether AUTH must follow.</summary>
    [JsonPropertyName("auth_required")] public bool AuthRequired { get; init; }

    /// <summary>Bytes.</summary>
    [JsonPropertyName("output_buffer_size")] public int OutputBufferSize { get; init; }

    /// <summary>Milliseconds.</summary>
    [JsonPropertyName("output_buffer_timeout")] public long OutputBufferTimeout { get; init; }

    /// <summary>The server's region.</summary>
    [JsonPropertyName("topology_region")] public string TopologyRegion { get; init; } = "";

    /// <summary>The server's zone.</summary>
    [JsonPropertyName("topology_zone")] public string TopologyZone { get; init; } = "";

    /// <summary>The reply as UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, IdentifyJson.Default.IdentifyReply);
}
