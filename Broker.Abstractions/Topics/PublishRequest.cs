using Broker.Messages;
using Orleans;

namespace Broker.Topics;

/// <summary>One append to a topic, safe to send again when its outcome is unknown.</summary>
[GenerateSerializer, Immutable, Alias("Broker.PublishRequest")]
public sealed class PublishRequest
{
    /// <summary>Sequences that a publisher may have from its lowest open one to its highest, both included.</summary>
    public const int MaxSpread = 64;

    /// <summary>The gateway's number for appends, unique to each start of a gateway; not 0.</summary>
    [Id(0)] public required long Publisher { get; init; }

    /// <summary>Counts the requests of <see cref="Publisher"/> to this topic from 1; the same again for a retry.</summary>
    [Id(1)] public required long Sequence { get; init; }

    /// <summary>The messages, offsets unassigned.</summary>
    [Id(2)] public required MessageBatch Batch { get; init; }

    /// <summary>
    /// The lowest sequence without an answer when the request was made, itself included: what is below may be forgotten, and is never asked for
    /// again. 0 from a gateway that does not say.
    /// </summary>
    [Id(3)] public long Lowest { get; init; }

    /// <summary>
    /// Whether a channel publishes what it gave up. The channels of a topic that has got such messages keep their own dead letters, whatever their
    /// policy says, so that no message goes in a circle.
    /// </summary>
    [Id(4)] public bool AreDeadLetters { get; init; }
}
