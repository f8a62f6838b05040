using Broker.Messages;
using Orleans;

namespace Broker.Topics;

/// <summary>One append to a topic, safe to send again when its outcome is unknown.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PublishRequest")]
public sealed class PublishRequest
{
    /// <summary>The gateway's number for appends, unique to each start of a gateway; not 0.</summary>
    [Id(0)] public required long Publisher { get; init; }

    /// <summary>Counts the requests of <see cref="Publisher"/> to this topic from 1; the same again for a retry.</summary>
    [Id(1)] public required long Sequence { get; init; }

    /// <summary>The messages, offsets unassigned.</summary>
    [Id(2)] public required MessageBatch Batch { get; init; }
}
