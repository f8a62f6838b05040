using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Messages;

/// <summary>What <c>/topic/messages</c> and <c>/channel/messages</c> answer.</summary>
public sealed class MessagesDocument
{
    /// <summary>The messages, in the order of their ids.</summary>
    [JsonPropertyName("messages")] public required MessageDocument[] Messages { get; init; }

    /// <summary>What to give as <c>after</c> to see more; null when there are none.</summary>
    [JsonPropertyName("next")] public required string? Next { get; init; }
}
