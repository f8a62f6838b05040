using Orleans;

namespace Broker.Policies;

/// <summary>How the time between a message's attempts grows.</summary>
/// <param name="First">Time after the first attempt, in milliseconds; 0 for none after any.</param>
/// <param name="Factor">What each time is multiplied by to be the next, from 1.</param>
/// <param name="Most">The longest time, in milliseconds.</param>
[GenerateSerializer, Immutable, Alias("Broker.RetryDelay")]
public sealed record RetryDelay([property: Id(0)] long First, [property: Id(1)] double Factor, [property: Id(2)] long Most);
