using Orleans;

namespace Broker.Channels;

/// <summary>A look at messages of a channel that changes nothing.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PeekRequest")]
public readonly record struct PeekRequest
{
    /// <summary>Which messages.</summary>
    [Id(0)] public required MessageStage Stage { get; init; }

    /// <summary>Only the message of this id, wherever it stands; null for all of <see cref="Stage"/>.</summary>
    [Id(1)] public ulong? Id { get; init; }

    /// <summary>Only messages whose id is greater; null from the first on.</summary>
    [Id(2)] public ulong? After { get; init; }

    /// <summary>Most messages to return, 1 to 1000.</summary>
    [Id(3)] public required int Limit { get; init; }

    /// <summary>Most bytes of each body to return, 0 or more.</summary>
    [Id(4)] public required int BodyLimit { get; init; }

    /// <summary>The channel's incarnation; set by the topic.</summary>
    [Id(5)] public long Incarnation { get; init; }
}
