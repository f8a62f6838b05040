using Orleans;

namespace Broker.Channels;

/// <summary>
/// Dead letters are sent back to their channel, where their attempts begin at 1 again. It is part of the topic's record while it is under way, and goes
/// on where it was when the channel is activated anew. What dies again after it was started is not sent back by it.
/// </summary>
[GenerateSerializer, Immutable, Alias("Broker.Redrive")]
public sealed record Redrive
{
    /// <summary>Which dead letters.</summary>
    [Id(0)] public DeadFilter Filter { get; init; } = DeadFilter.All;

    /// <summary>Most messages a second; 0 for as many as the channel takes.</summary>
    [Id(1)] public int Rate { get; init; }

    /// <summary>When it was started, in milliseconds since the Unix epoch, and which redrive of the channel it is; set by the topic.</summary>
    [Id(2)] public long Started { get; init; }
}
