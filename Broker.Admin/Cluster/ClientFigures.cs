using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A connection to a broker (spec 3.4, 5.1).</summary>
public sealed class ClientFigures
{
    /// <summary>host:port of the node that it is connected to.</summary>
    [JsonPropertyName("node")] public string Node { get; set; } = "";

    [JsonPropertyName("remote_address")] public string RemoteAddress { get; set; } = "";

    [JsonPropertyName("version")] public string Version { get; set; } = "";

    [JsonPropertyName("client_id")] public string ClientId { get; set; } = "";

    [JsonPropertyName("hostname")] public string Hostname { get; set; } = "";

    [JsonPropertyName("user_agent")] public string UserAgent { get; set; } = "";

    /// <summary>Seconds since the Unix epoch.</summary>
    [JsonPropertyName("connect_ts")] public long ConnectTime { get; set; }

    /// <summary>Nanoseconds since it connected, in whole seconds.</summary>
    [JsonPropertyName("connected")] public long Connected { get; set; }

    [JsonPropertyName("in_flight_count")] public long InFlight { get; set; }

    [JsonPropertyName("ready_count")] public long Ready { get; set; }

    [JsonPropertyName("finish_count")] public long Finished { get; set; }

    [JsonPropertyName("requeue_count")] public long Requeued { get; set; }

    [JsonPropertyName("message_count")] public long MessageCount { get; set; }

    [JsonPropertyName("sample_rate")] public int SampleRate { get; set; }

    [JsonPropertyName("deflate")] public bool Deflate { get; set; }

    [JsonPropertyName("snappy")] public bool Snappy { get; set; }

    [JsonPropertyName("authed")] public bool Authed { get; set; }

    [JsonPropertyName("auth_identity")] public string AuthIdentity { get; set; } = "";

    [JsonPropertyName("auth_identity_url")] public string AuthIdentityUrl { get; set; } = "";

    [JsonPropertyName("node_topology_region"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NodeRegion { get; set; }

    [JsonPropertyName("node_topology_zone"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NodeZone { get; set; }

    [JsonPropertyName("topology_region"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TopologyRegion { get; set; }

    [JsonPropertyName("topology_zone"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TopologyZone { get; set; }

    [JsonPropertyName("tls")] public bool Tls { get; set; }

    [JsonPropertyName("tls_cipher_suite")] public string TlsCipherSuite { get; set; } = "";

    [JsonPropertyName("tls_version")] public string TlsVersion { get; set; } = "";

    [JsonPropertyName("tls_negotiated_protocol")] public string TlsNegotiatedProtocol { get; set; } = "";

    [JsonPropertyName("tls_negotiated_protocol_is_mutual")] public bool IsTlsNegotiatedProtocolMutual { get; set; }

    /// <summary>0 in the node's zone, 1 in its region, 2 elsewhere.</summary>
    [JsonIgnore] internal int Distance => TopologyRegion != NodeRegion ? 2 : TopologyZone == NodeZone ? 0 : 1;

    /// <summary>Says how long it has been connected, and forgets empty names of places.</summary>
    internal void Complete(DateTimeOffset now)
    {
        Connected = Math.Max(0, now.ToUnixTimeSeconds() - ConnectTime) * 1_000_000_000;
        TopologyRegion = string.IsNullOrEmpty(TopologyRegion) ? null : TopologyRegion;
        TopologyZone = string.IsNullOrEmpty(TopologyZone) ? null : TopologyZone;
    }
}
