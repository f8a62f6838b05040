using System.Text.Json.Serialization;
using Broker.Gateway.Connections;

namespace Broker.Gateway.Http.Stats;

/// <summary>A connection in <c>/stats</c>: a channel's consumer, or a producer.</summary>
public sealed class ClientDocument
{
    [JsonPropertyName("client_id")] public required string ClientId { get; init; }

    [JsonPropertyName("hostname")] public required string Hostname { get; init; }

    /// <summary>Of the protocol, not of the client.</summary>
    [JsonPropertyName("version")] public string Version => "V2";

    [JsonPropertyName("remote_address")] public required string RemoteAddress { get; init; }

    /// <summary>The number of spec 1.5.</summary>
    [JsonPropertyName("state")] public required int State { get; init; }

    [JsonPropertyName("ready_count")] public required long Ready { get; init; }

    [JsonPropertyName("in_flight_count")] public required long InFlight { get; init; }

    [JsonPropertyName("message_count")] public required long MessageCount { get; init; }

    [JsonPropertyName("finish_count")] public required long Finished { get; init; }

    [JsonPropertyName("requeue_count")] public required long Requeued { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    [JsonPropertyName("connect_ts")] public required long ConnectTime { get; init; }

    [JsonPropertyName("sample_rate")] public required int SampleRate { get; init; }

    [JsonPropertyName("deflate")] public required bool Deflate { get; init; }

    [JsonPropertyName("snappy")] public required bool Snappy { get; init; }

    [JsonPropertyName("user_agent")] public required string UserAgent { get; init; }

    [JsonPropertyName("authed"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Authed { get; init; }

    [JsonPropertyName("auth_identity"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AuthIdentity { get; init; }

    [JsonPropertyName("auth_identity_url"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AuthIdentityUrl { get; init; }

    [JsonPropertyName("topology_zone")] public required string TopologyZone { get; init; }

    [JsonPropertyName("topology_region")] public required string TopologyRegion { get; init; }

    /// <summary>At most one, as in nsqd.</summary>
    [JsonPropertyName("pub_counts"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<PublishCountDocument>? PublishCounts { get; init; }

    [JsonPropertyName("tls")] public required bool Tls { get; init; }

    [JsonPropertyName("tls_cipher_suite")] public string TlsCipherSuite { get; init; } = "";

    /// <summary><c>TLS1.2</c>, <c>TLS1.3</c>…, or empty.</summary>
    [JsonPropertyName("tls_version")] public string TlsVersion { get; init; } = "";

    [JsonPropertyName("tls_negotiated_protocol")] public string TlsNegotiatedProtocol { get; init; } = "";

    [JsonPropertyName("tls_negotiated_protocol_is_mutual")] public bool IsTlsNegotiatedProtocolMutual { get; init; }
}
