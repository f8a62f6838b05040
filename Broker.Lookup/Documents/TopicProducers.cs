using System.Text.Json.Serialization;

namespace Broker.Lookup.Documents;

/// <summary>Answer of <c>/lookup</c>: where a topic is to be had.</summary>
/// <param name="Channels">Names of the topic's channels, ordered (ordinal).</param>
/// <param name="Producers">Those that are active and not tombstoned, in the order in which they came.</param>
public sealed record TopicProducers(
    [property: JsonPropertyName("channels")] IReadOnlyList<string> Channels,
    [property: JsonPropertyName("producers")] IReadOnlyList<Producer> Producers);
