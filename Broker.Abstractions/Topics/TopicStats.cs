using Broker.Channels;
using Orleans;

namespace Broker.Topics;

/// <summary>Figures of one topic (spec 3.4). Counts are since the topic's activation.</summary>
[GenerateSerializer, Immutable, Alias("Broker.TopicStats")]
public sealed class TopicStats
{
    /// <summary>Whether there is such a topic.</summary>
    [Id(0)] public required bool Exists { get; init; }

    /// <summary>Name of the topic.</summary>
    [Id(1)] public required string Topic { get; init; }

    /// <summary>Messages that are not in any channel yet.</summary>
    [Id(2)] public long Depth { get; init; }

    /// <summary>
    /// Messages published: with a store that silos share, since the topic was made, so that it does not fall when the topic moves; else since the
    /// process started, as in nsqd.
    /// </summary>
    [Id(3)] public long MessageCount { get; init; }

    /// <summary>Body bytes published, counted as <see cref="MessageCount"/> is.</summary>
    [Id(4)] public long MessageBytes { get; init; }

    /// <summary>Whether the topic is paused.</summary>
    [Id(5)] public bool Paused { get; init; }

    /// <summary>The channels, ordered by name (ordinal).</summary>
    [Id(6)] public ChannelStats[] Channels { get; init; } = [];

    /// <summary>Part of <see cref="Depth"/> that is not in memory.</summary>
    [Id(7)] public long BackendDepth { get; init; }

    /// <summary>Messages published and dropped, because an ephemeral topic holds no more than its bound (spec 2.2).</summary>
    [Id(8)] public long Dropped { get; init; }

    /// <summary>Messages that the topic held when it was emptied.</summary>
    [Id(9)] public long Emptied { get; init; }

    /// <summary>Part of <see cref="MessageCount"/> that was published before the topic was activated where it is.</summary>
    [Id(10)] public long MessagesBefore { get; init; }

    /// <summary>Part of <see cref="MessageBytes"/> that was published before the topic was activated where it is.</summary>
    [Id(11)] public long BytesBefore { get; init; }
}
