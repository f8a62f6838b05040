using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Stats;

/// <summary>A channel in <c>/stats</c>.</summary>
public sealed record ChannelDocument
{
    [JsonPropertyName("channel_name")] public required string Name { get; init; }

    [JsonPropertyName("depth")] public long Depth { get; init; }

    [JsonPropertyName("backend_depth")] public long BackendDepth { get; init; }

    [JsonPropertyName("in_flight_count")] public long InFlight { get; init; }

    [JsonPropertyName("deferred_count")] public long Deferred { get; init; }

    [JsonPropertyName("message_count")] public long MessageCount { get; init; }

    [JsonPropertyName("zone_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ZoneLocal { get; init; }

    [JsonPropertyName("region_local_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long RegionLocal { get; init; }

    [JsonPropertyName("global_msg_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Global { get; init; }

    [JsonPropertyName("requeue_count")] public long Requeued { get; init; }

    [JsonPropertyName("timeout_count")] public long TimedOut { get; init; }

    /// <summary>Messages that expired by the channel's policy, discarded or dead; not told while there are none.</summary>
    [JsonPropertyName("expired_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Expired { get; init; }

    /// <summary>Told even when the clients are not.</summary>
    [JsonPropertyName("client_count")] public required int ClientCount { get; init; }

    /// <summary>Null when clients were not asked for.</summary>
    [JsonPropertyName("clients")] public IReadOnlyList<ClientDocument>? Clients { get; init; }

    [JsonPropertyName("paused")] public bool Paused { get; init; }

    [JsonPropertyName("e2e_processing_latency")] public LatencyDocument Latency { get; init; } = LatencyDocument.None;

    /// <summary>Not of nsqd; tools that do not know it pass it over.</summary>
    [JsonPropertyName("dead_count")] public long Dead { get; init; }

    /// <summary>Messages that were given up since the channel was opened, whatever became of them; not told while there are none.</summary>
    [JsonPropertyName("died_count"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Died { get; init; }
}
