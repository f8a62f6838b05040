using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>A topic of a node.</summary>
/// <param name="Topic">Its name.</param>
/// <param name="IsTombstoned">Whether the lookup service hides this node from those who look for the topic.</param>
public sealed record ProducerTopic(
    [property: JsonPropertyName("topic")] string Topic, [property: JsonPropertyName("tombstoned")] bool IsTombstoned);
