using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A message of a channel, looked at and left where it is.</summary>
public sealed class ChannelMessage
{
    /// <summary>16 hex digits.</summary>
    [JsonPropertyName("id")] public string Id { get; init; } = "";

    /// <summary>When it was published: nanoseconds since the Unix epoch.</summary>
    [JsonPropertyName("timestamp")] public long Timestamp { get; init; }

    /// <summary>How often it was delivered.</summary>
    [JsonPropertyName("attempts")] public int Attempts { get; init; }

    /// <summary><c>waiting</c>, <c>in_flight</c> or <c>deferred</c>.</summary>
    [JsonPropertyName("state")] public string State { get; init; } = "";

    /// <summary>When a deferred one is due: milliseconds since the Unix epoch.</summary>
    [JsonPropertyName("due")] public long? Due { get; init; }

    /// <summary>When one in flight times out: milliseconds since the Unix epoch.</summary>
    [JsonPropertyName("deadline")] public long? Deadline { get; init; }

    /// <summary>Why a dead one was given up: <c>requeued</c>, <c>timed_out</c>, <c>consumer_lost</c> or <c>expired</c>.</summary>
    [JsonPropertyName("cause"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Cause { get; init; }

    /// <summary>When a dead one was given up: milliseconds since the Unix epoch.</summary>
    [JsonPropertyName("died"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Died { get; init; }

    /// <summary>Client id of the consumer that had a dead one last.</summary>
    [JsonPropertyName("client_id"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClientId { get; init; }

    /// <summary>Address of the consumer that has it in flight, or had a dead one last.</summary>
    [JsonPropertyName("client")] public string? Client { get; init; }

    /// <summary>Bytes of its body.</summary>
    [JsonPropertyName("size")] public long Size { get; init; }

    /// <summary>Its body, or the beginning of it.</summary>
    [JsonPropertyName("body")] public byte[] Body { get; init; } = [];

    /// <summary>Whether <see cref="Body"/> is only the beginning.</summary>
    [JsonPropertyName("truncated")] public bool IsTruncated { get; init; }
}
