using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Stats;

/// <summary>A topic in <c>/stats</c>.</summary>
public sealed record TopicDocument
{
    [JsonPropertyName("topic_name")] public required string Name { get; init; }

    [JsonPropertyName("channels")] public required IReadOnlyList<ChannelDocument> Channels { get; init; }

    [JsonPropertyName("depth")] public long Depth { get; init; }

    [JsonPropertyName("backend_depth")] public long BackendDepth { get; init; }

    [JsonPropertyName("message_count")] public long MessageCount { get; init; }

    /// <summary>Part of <see cref="MessageCount"/> from before the topic was activated where it is; not told.</summary>
    [JsonIgnore] public long MessagesBefore { get; init; }

    /// <summary>Part of <see cref="MessageBytes"/> from before the topic was activated where it is; not told.</summary>
    [JsonIgnore] public long BytesBefore { get; init; }

    [JsonPropertyName("message_bytes")] public long MessageBytes { get; init; }

    [JsonPropertyName("paused")] public bool Paused { get; init; }

    [JsonPropertyName("e2e_processing_latency")] public LatencyDocument Latency { get; init; } = LatencyDocument.None;
}
