using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>Answer of <c>/nodes</c>.</summary>
/// <param name="Producers">The active nodes, in the order in which they came.</param>
public sealed record NodeList([property: JsonPropertyName("producers")] IReadOnlyList<Node> Producers);
