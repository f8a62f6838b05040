using System.Text.Json.Serialization;

namespace Broker.Gateway.Http;

/// <summary>Percentiles of the time from publish to finish (spec 2.8). While none are kept, there are none to tell.</summary>
public sealed class LatencyDocument
{
    /// <summary>What is said where no percentiles are kept.</summary>
    public static LatencyDocument None { get; } = new();

    /// <summary>Messages that were measured.</summary>
    [JsonPropertyName("count")] public long Count { get; init; }

    /// <summary>The percentiles; null when none are kept.</summary>
    [JsonPropertyName("percentiles")] public IReadOnlyList<IReadOnlyDictionary<string, double>>? Percentiles { get; init; }
}
