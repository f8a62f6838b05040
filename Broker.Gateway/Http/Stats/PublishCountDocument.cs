using System.Text.Json.Serialization;

namespace Broker.Gateway.Http.Stats;

/// <summary>How many messages a connection published to a topic.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Count">The messages.</param>
public sealed record PublishCountDocument(
    [property: JsonPropertyName("topic")] string Topic, [property: JsonPropertyName("count")] long Count);
