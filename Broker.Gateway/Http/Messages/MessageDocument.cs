using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Messages;

/// <summary>A message of a topic or channel, as <c>/channel/messages</c>, <c>/channel/message</c> and the like of <c>/topic</c> show it.</summary>
public sealed class MessageDocument
{
    /// <summary>16 hex digits.</summary>
    [JsonPropertyName("id")] public required string Id { get; init; }

    /// <summary>When it was published, in nanoseconds since the Unix epoch.</summary>
    [JsonPropertyName("timestamp")] public required long Timestamp { get; init; }

    /// <summary>Deliveries so far.</summary>
    [JsonPropertyName("attempts")] public required int Attempts { get; init; }

    /// <summary><c>waiting</c>, <c>in_flight</c> or <c>deferred</c>.</summary>
    [JsonPropertyName("state")] public required string State { get; init; }

    /// <summary>When a deferred one is due, in milliseconds since the Unix epoch; else null.</summary>
    [JsonPropertyName("due")] public required long? Due { get; init; }

    /// <summary>When one in flight times out, in milliseconds since the Unix epoch; else null.</summary>
    [JsonPropertyName("deadline")] public required long? Deadline { get; init; }

    /// <summary>Address of the consumer that has one in flight; null when it is gone or served by another node.</summary>
    [JsonPropertyName("client")] public required string? Client { get; init; }

    /// <summary>Bytes of the body.</summary>
    [JsonPropertyName("size")] public required int Size { get; init; }

    /// <summary>The body, or the beginning of it, in base64.</summary>
    [JsonPropertyName("body")] public required byte[] Body { get; init; }

    /// <summary>Whether <see cref="Body"/> is only the beginning.</summary>
    [JsonPropertyName("truncated")] public required bool IsTruncated { get; init; }
}
