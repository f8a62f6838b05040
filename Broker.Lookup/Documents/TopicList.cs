using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>Answer of <c>/topics</c>.</summary>
/// <param name="Topics">Names, those without producers included, ordered (ordinal).</param>
public sealed record TopicList([property: JsonPropertyName("topics")] IReadOnlyList<string> Topics);
