using System.Text.Json.Serialization;

namespace Broker.Gateway.Http;

/// <summary>A channel in <c>/stats</c>.</summary>
public sealed class ChannelDocument
{
    [JsonPropertyName("channel_name")] public required string Name { get; init; }

    [JsonPropertyName("depth")] public required long Depth { get; init; }

    [JsonPropertyName("backend_depth")] public required long BackendDepth { get; init; }

    [JsonPropertyName("in_flight_count")] public required long InFlight { get; init; }

    [JsonPropertyName("deferred_count")] public required long Deferred { get; init; }

    [JsonPropertyName("message_count")] public required long MessageCount { get; init; }

    [JsonPropertyName("zone_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ZoneLocal { get; init; }

    [JsonPropertyName("region_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long RegionLocal { get; init; }

    [JsonPropertyName("global_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Global { get; init; }

    [JsonPropertyName("requeue_count")] public required long Requeued { get; init; }

    [JsonPropertyName("timeout_count")] public required long TimedOut { get; init; }

    /// <summary>Told even when the clients are not.</summary>
    [JsonPropertyName("client_count")] public required int ClientCount { get; init; }

    /// <summary>Null when clients were not asked for.</summary>
    [JsonPropertyName("clients")] public required IReadOnlyList<ClientDocument>? Clients { get; init; }

    [JsonPropertyName("paused")] public required bool Paused { get; init; }

    [JsonPropertyName("e2e_processing_latency")] public LatencyDocument Latency { get; init; } = LatencyDocument.None;
}
