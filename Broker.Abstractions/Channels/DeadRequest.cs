using Orleans;

namespace Broker.Channels;

/// <summary>A look at dead letters of a channel that changes nothing.</summary>
[GenerateSerializer, Immutable, Alias("Broker.DeadRequest")]
public readonly record struct DeadRequest
{
    /// <summary>Which dead letters.</summary>
    [Id(0)] public required DeadFilter Filter { get; init; }

    /// <summary>Number of the first one to look at, from 0.</summary>
    [Id(1)] public required long From { get; init; }

    /// <summary>Most dead letters to return, 1 to 1000. There may be fewer, though there are more.</summary>
    [Id(2)] public required int Limit { get; init; }

    /// <summary>Most bytes of each body to return, 0 or more.</summary>
    [Id(3)] public required int BodyLimit { get; init; }

    /// <summary>The channel's incarnation; set by the topic.</summary>
    [Id(4)] public long Incarnation { get; init; }
}
