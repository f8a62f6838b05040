using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Broker.Protocol;

/// <summary>
/// The body of an IDENTIFY (spec 1.7). What is left out or <c>null</c> has its zero value; keys match in any case; unknown
/// keys are ignored.
/// </summary>
public sealed class IdentifyRequest
{
    /// <summary>The client's id of itself.</summary>
    [JsonPropertyName("client_id")] public string? ClientId { get; set; }

    /// <summary>The client's host.</summary>
    [JsonPropertyName("hostname")] public string? Hostname { get; set; }

    /// <summary>The client's library and version.</summary>
    [JsonPropertyName("user_agent")] public string? UserAgent { get; set; }

    /// <summary>Whether the client wants the negotiated settings as reply.</summary>
    [JsonPropertyName("feature_negotiation")] public bool? FeatureNegotiation { get; set; }

    /// <summary>Milliseconds; -1 for none, 0 for the default.</summary>
    [JsonPropertyName("heartbeat_interval")] public long? HeartbeatInterval { get; set; }

    /// <summary>Milliseconds; -1 for no timed flush, 0 for the default.</summary>
    [JsonPropertyName("output_buffer_timeout")] public long? OutputBufferTimeout { get; set; }

    /// <summary>Bytes; -1 for no buffer, 0 for the default.</summary>
    [JsonPropertyName("output_buffer_size")] public long? OutputBufferSize { get; set; }

    /// <summary>0 for all messages, else 1 to 99.</summary>
    [JsonPropertyName("sample_rate")] public int? SampleRate { get; set; }

    /// <summary>Milliseconds; 0 for the default.</summary>
    [JsonPropertyName("msg_timeout")] public long? MsgTimeout { get; set; }

    /// <summary>Whether the client asks for TLS.</summary>
    [JsonPropertyName("tls_v1")] public bool? Tls { get; set; }

    /// <summary>Whether the client asks for deflate.</summary>
    [JsonPropertyName("deflate")] public bool? Deflate { get; set; }

    /// <summary>Deflate level; used when greater than 0.</summary>
    [JsonPropertyName("deflate_level")] public long? DeflateLevel { get; set; }

    /// <summary>Whether the client asks for snappy.</summary>
    [JsonPropertyName("snappy")] public bool? Snappy { get; set; }

    /// <summary>The client's region.</summary>
    [JsonPropertyName("topology_region")] public string? TopologyRegion { get; set; }

    /// <summary>The client's zone.</summary>
    [JsonPropertyName("topology_zone")] public string? TopologyZone { get; set; }

    /// <summary>Reads a body; null when it is not JSON of the right types.</summary>
    public static IdentifyRequest? TryParse(in ReadOnlySequence<byte> body)
    {
        // Go reads JSON with broken UTF-8 and puts U+FFFD in its place; System.Text.Json refuses it.
        byte[] json = body.ToArray();
        if (!Utf8.IsValid(json))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        LoneSurrogates.Replace(json);
        try
        {
            return JsonSerializer.Deserialize(json, IdentifyJson.Default.IdentifyRequest) ?? new IdentifyRequest();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
