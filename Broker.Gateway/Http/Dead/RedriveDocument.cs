using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Dead;

/// <summary>What <c>/channel/redrive</c> answers: the redrive that is under way or the last one; all null or 0 when there was none.</summary>
public sealed class RedriveDocument
{
    /// <summary>Whether it is under way.</summary>
    [JsonPropertyName("running")] public required bool IsRunning { get; init; }

    /// <summary>When it was started, in milliseconds since the Unix epoch.</summary>
    [JsonPropertyName("started")] public required long? Started { get; init; }

    /// <summary>Most messages a second; 0 for as many as the channel takes.</summary>
    [JsonPropertyName("rate")] public required int Rate { get; init; }

    /// <summary>Messages that were sent back since it was started or the channel was activated, whichever was later.</summary>
    [JsonPropertyName("sent")] public required long Sent { get; init; }

    /// <summary>Dead letters that were looked at since then.</summary>
    [JsonPropertyName("looked_at")] public required long LookedAt { get; init; }

    /// <summary>Dead letters that were there then.</summary>
    [JsonPropertyName("of")] public required long Total { get; init; }
}
