using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Some messages of a channel.</summary>
public sealed class MessagePage
{
    [JsonPropertyName("messages")] public List<ChannelMessage> Messages { get; init; } = [];

    /// <summary>Behind which message the next ones begin; null when there are no more.</summary>
    [JsonPropertyName("next")] public string? Next { get; init; }
}
