using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>One node.</summary>
internal sealed record NodeAnswer(
    [property: JsonPropertyName("node")] string Node,
    [property: JsonPropertyName("topics")] List<TopicFigures>? Topics,
    [property: JsonPropertyName("total_messages")] long TotalMessages,
    [property: JsonPropertyName("total_clients")] long TotalClients,
    [property: JsonPropertyName("message")] string Message);
