using Orleans;

namespace Broker.Topics;

/// <summary>What a question for figures wants to have in the answer.</summary>
/// <param name="Channel">Only this channel; null for all.</param>
/// <param name="IncludeConsumers">Whether each channel lists its consumers.</param>
[GenerateSerializer, Immutable, Alias("Broker.StatsRequest")]
public readonly record struct StatsRequest([property: Id(0)] string? Channel, [property: Id(1)] bool IncludeConsumers);
