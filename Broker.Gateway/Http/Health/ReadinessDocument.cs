using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Health;

/// <summary>The answer to <c>/health/ready</c>.</summary>
public sealed class ReadinessDocument
{
    /// <summary><c>ready</c>, <c>not ready</c> or <c>stopping</c>.</summary>
    [JsonPropertyName("status")] public required string Status { get; init; }

    /// <summary>What was checked: <c>OK</c>, or what is wrong.</summary>
    [JsonPropertyName("checks")] public required IReadOnlyDictionary<string, string> Checks { get; init; }
}
