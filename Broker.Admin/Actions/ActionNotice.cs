using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>What the notification endpoint is told of an action (spec 5.1).</summary>
internal sealed class ActionNotice
{
    [JsonPropertyName("action")] public required string Action { get; init; }

    [JsonPropertyName("topic")] public required string Topic { get; init; }

    [JsonPropertyName("channel"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Channel { get; init; }

    [JsonPropertyName("node"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Node { get; init; }

    /// <summary>Seconds since the Unix epoch.</summary>
    [JsonPropertyName("timestamp")] public required long Timestamp { get; init; }

    [JsonPropertyName("user"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? User { get; init; }

    /// <summary>ip:port.</summary>
    [JsonPropertyName("remote_ip")] public required string RemoteAddress { get; init; }

    [JsonPropertyName("user_agent")] public required string UserAgent { get; init; }

    [JsonPropertyName("url")] public required string Url { get; init; }

    /// <summary>This host's name.</summary>
    [JsonPropertyName("via")] public required string Via { get; init; }
}
