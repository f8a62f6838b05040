using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Stats;

/// <summary>The answer to <c>/stats</c>, in the order in which nsqd writes it (spec 3.4).</summary>
public sealed class StatsDocument
{
    [JsonPropertyName("version")] public required string Version { get; init; }

    /// <summary><c>OK</c>, or what is wrong.</summary>
    [JsonPropertyName("health")] public required string Health { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    [JsonPropertyName("start_time")] public required long StartTime { get; init; }

    /// <summary>Null when a topic was asked for that is not there.</summary>
    [JsonPropertyName("topics")] public required IReadOnlyList<TopicDocument>? Topics { get; init; }

    [JsonPropertyName("memory"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public MemoryDocument? Memory { get; init; }

    /// <summary>Connections that have published; null when there are none, or clients were not asked for.</summary>
    [JsonPropertyName("producers")] public IReadOnlyList<ClientDocument>? Producers { get; init; }
}
