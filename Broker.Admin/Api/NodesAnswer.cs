using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>All nodes.</summary>
internal sealed record NodesAnswer(
    [property: JsonPropertyName("nodes")] List<ProducerNode>? Nodes,
    [property: JsonPropertyName("message")] string Message);
