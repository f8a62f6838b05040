using Orleans;

namespace Broker.Topics;

/// <summary>A topic with its channels, as the directory knows it.</summary>
/// <param name="Topic">Name of the topic.</param>
/// <param name="Channels">Names of its channels, ordered (ordinal); null when there is no such topic.</param>
[GenerateSerializer, Immutable, Alias("Broker.TopicChannels")]
public readonly record struct TopicChannels([property: Id(0)] string Topic, [property: Id(1)] string[]? Channels);
