using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;

namespace Broker.Protocol.Lookup;

/// <summary>
/// What a node says of itself, and what a lookup service answers: the bodies of IDENTIFY, both ways (spec 4.1). What is left
/// out or <c>null</c> has its zero value, keys match in any case, unknown keys are ignored.
/// </summary>
public sealed record PeerInfo
{
    /// <summary>Host under which others reach it.</summary>
    [JsonPropertyName("broadcast_address")] public string? BroadcastAddress { get; init; }

    /// <summary>Its host's own name.</summary>
    [JsonPropertyName("hostname")] public string? Hostname { get; init; }

    /// <summary>Port of its HTTP API.</summary>
    [JsonPropertyName("http_port")] public long? HttpPort { get; init; }

    /// <summary>Port of its TCP protocol.</summary>
    [JsonPropertyName("tcp_port")] public long? TcpPort { get; init; }

    /// <summary>Its version.</summary>
    [JsonPropertyName("version")] public string? Version { get; init; }

    /// <summary>Its zone; a lookup service has none.</summary>
    [JsonPropertyName("topology_zone")] public string? TopologyZone { get; init; }

    /// <summary>Its region; a lookup service has none.</summary>
    [JsonPropertyName("topology_region")] public string? TopologyRegion { get; init; }

    /// <summary>Whether a node has said all that it must.</summary>
    [JsonIgnore]
    public bool IsComplete =>
        BroadcastAddress is { Length: > 0 } && Version is { Length: > 0 } && TcpPort is not (null or 0) && HttpPort is not (null or 0);

    /// <summary>Reads a body; null when it is not JSON of the right types.</summary>
    public static PeerInfo? TryParse(ReadOnlySpan<byte> json)
    {
        // Go reads JSON with broken UTF-8 and puts U+FFFD in its place; System.Text.Json refuses it.
        if (!Utf8.IsValid(json))
            json = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json));
        try
        {
            return JsonSerializer.Deserialize(json, PeerInfoJson.Default.PeerInfo) ?? new PeerInfo();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The body as UTF-8 JSON.</summary>
    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PeerInfoJson.Default.PeerInfo);
}
