using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>How far the sending back of a channel's dead letters is.</summary>
public sealed class RedriveProgress
{
    /// <summary>Whether it is under way.</summary>
    [JsonPropertyName("running")] public bool IsRunning { get; init; }

    /// <summary>When it was begun: milliseconds since the Unix epoch; null when none was.</summary>
    [JsonPropertyName("started")] public long? Started { get; init; }

    /// <summary>Most messages a second; 0 for as many as the channel takes.</summary>
    [JsonPropertyName("rate")] public int Rate { get; init; }

    /// <summary>Messages that were sent back.</summary>
    [JsonPropertyName("sent")] public long Sent { get; init; }

    /// <summary>Dead letters that were looked at.</summary>
    [JsonPropertyName("looked_at")] public long LookedAt { get; init; }

    /// <summary>Dead letters that there were.</summary>
    [JsonPropertyName("of")] public long Total { get; init; }
}
