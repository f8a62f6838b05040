using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Dead;

/// <summary>What <c>/channel/dead</c> answers.</summary>
public sealed class DeadLettersDocument
{
    /// <summary>How many dead letters the channel has, whatever was asked for.</summary>
    [JsonPropertyName("dead_count")] public required long Count { get; init; }

    /// <summary>Bytes that they take.</summary>
    [JsonPropertyName("dead_bytes")] public required long Bytes { get; init; }

    /// <summary>Dead letters, in the order in which they died.</summary>
    [JsonPropertyName("messages")] public required DeadLetterDocument[] Letters { get; init; }

    /// <summary>What to give as <c>after</c> to see more; null when there are none.</summary>
    [JsonPropertyName("next")] public required string? Next { get; init; }
}
