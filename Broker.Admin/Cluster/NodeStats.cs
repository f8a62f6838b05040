using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What a broker answers to <c>/stats</c> (spec 3.4), as far as the admin web looks at it.</summary>
internal sealed class NodeStats
{
    [JsonPropertyName("version")] public string? Version { get; init; }

    [JsonPropertyName("health")] public string? Health { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    [JsonPropertyName("start_time")] public long StartTime { get; init; }

    [JsonPropertyName("topics")] public List<TopicFigures>? Topics { get; init; }

    [JsonPropertyName("memory")] public NodeMemory? Memory { get; init; }

    [JsonPropertyName("producers")] public List<ClientFigures>? Producers { get; init; }
}
