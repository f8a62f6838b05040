using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What the body of a request may say.</summary>
internal sealed record ActionBody(
    [property: JsonPropertyName("topic")] string? Topic,
    [property: JsonPropertyName("channel")] string? Channel,
    [property: JsonPropertyName("action")] string? Action);
