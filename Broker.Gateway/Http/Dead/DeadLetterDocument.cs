using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Dead;

/// <summary>A dead letter, as <c>/channel/dead</c> shows it, and as one line of <c>/channel/dead/download</c>.</summary>
public sealed class DeadLetterDocument
{
    /// <summary>Its number in the channel, in the order of death.</summary>
    [JsonPropertyName("number")] public required long Number { get; init; }

    /// <summary>The message's id, 16 hex digits.</summary>
    [JsonPropertyName("id")] public required string Id { get; init; }

    /// <summary>When it was published, in nanoseconds since the Unix epoch.</summary>
    [JsonPropertyName("timestamp")] public required long Timestamp { get; init; }

    /// <summary>Deliveries that it had.</summary>
    [JsonPropertyName("attempts")] public required int Attempts { get; init; }

    /// <summary><c>requeued</c>, <c>timed_out</c>, <c>consumer_lost</c> or <c>expired</c>.</summary>
    [JsonPropertyName("cause")] public required string Cause { get; init; }

    /// <summary>When it died, in milliseconds since the Unix epoch.</summary>
    [JsonPropertyName("died")] public required long Died { get; init; }

    /// <summary>Address of the consumer that had it last; empty when it is not known.</summary>
    [JsonPropertyName("client")] public required string Client { get; init; }

    /// <summary>That consumer's client id; empty when it is not known.</summary>
    [JsonPropertyName("client_id")] public required string ClientId { get; init; }

    /// <summary>Bytes of the body.</summary>
    [JsonPropertyName("size")] public required int Size { get; init; }

    /// <summary>The body, or the beginning of it, in base64.</summary>
    [JsonPropertyName("body")] public required byte[] Body { get; init; }

    /// <summary>Whether <see cref="Body"/> is only the beginning.</summary>
    [JsonPropertyName("truncated")] public required bool IsTruncated { get; init; }
}
