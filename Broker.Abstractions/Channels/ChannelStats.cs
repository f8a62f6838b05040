using Orleans;

namespace Broker.Channels;

/// <summary>Figures of one channel (spec 3.4). Counts are since the channel's activation.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ChannelStats")]
public sealed class ChannelStats
{
    /// <summary>Name of the channel.</summary>
    [Id(0)] public required string Channel { get; init; }

    /// <summary>Waiting messages: neither in flight nor deferred.</summary>
    [Id(1)] public long Depth { get; init; }

    /// <summary>Part of <see cref="Depth"/> that is not in the memory window.</summary>
    [Id(2)] public long BackendDepth { get; init; }

    /// <summary>Messages in flight with consumers.</summary>
    [Id(3)] public long InFlight { get; init; }

    /// <summary>Messages that are not due yet.</summary>
    [Id(4)] public long Deferred { get; init; }

    /// <summary>Messages taken over.</summary>
    [Id(5)] public long MessageCount { get; init; }

    /// <summary>Explicit REQs.</summary>
    [Id(6)] public long Requeued { get; init; }

    /// <summary>Message timeouts.</summary>
    [Id(7)] public long TimedOut { get; init; }

    /// <summary>Deliveries to consumers of the same zone (spec 1.10).</summary>
    [Id(8)] public long ZoneLocal { get; init; }

    /// <summary>Deliveries to consumers of the same region.</summary>
    [Id(9)] public long RegionLocal { get; init; }

    /// <summary>Deliveries to all other consumers.</summary>
    [Id(10)] public long Global { get; init; }

    /// <summary>Joined consumers.</summary>
    [Id(11)] public int ConsumerCount { get; init; }

    /// <summary>Whether the channel is paused.</summary>
    [Id(12)] public bool Paused { get; init; }

    /// <summary>The consumers, when asked for.</summary>
    [Id(13)] public ConsumerStats[]? Consumers { get; init; }

    /// <summary>Messages finished.</summary>
    [Id(14)] public long Finished { get; init; }

    /// <summary>Messages discarded: sampled away, emptied, dropped by an ephemeral channel that was full, or given up by policy.</summary>
    [Id(15)] public long Discarded { get; init; }

    /// <summary>
    /// Messages found at the activation: what waited, was deferred or dead then. At rest this plus <see cref="MessageCount"/> is
    /// <see cref="Finished"/> plus <see cref="Discarded"/> plus <see cref="Depth"/> plus <see cref="InFlight"/> plus <see cref="Deferred"/> plus
    /// <see cref="Dead"/>.
    /// </summary>
    [Id(16)] public long StartedWith { get; init; }

    /// <summary>Deliveries, repeated ones included.</summary>
    [Id(17)] public long Delivered { get; init; }

    /// <summary>How often a message was deferred: by its publisher, by a REQ with a delay, or by the delay between attempts.</summary>
    [Id(18)] public long Deferrals { get; init; }

    /// <summary><see cref="Discarded"/> by <see cref="DiscardCause"/>, one entry a cause.</summary>
    [Id(19)] public long[] DiscardedByCause { get; init; } = [];

    /// <summary>Messages discarded for a cause; 0 when an older silo does not know it.</summary>
    public long DiscardedBy(DiscardCause cause) => (int)cause < DiscardedByCause.Length ? DiscardedByCause[(int)cause] : 0;

    /// <summary>Times from publish to FIN within the window; null when none are kept (spec 2.8).</summary>
    [Id(20)] public LatencyCounts? Latency { get; init; }

    /// <summary>Messages that were given up and are kept as dead letters.</summary>
    [Id(21)] public long Dead { get; init; }

    /// <summary>Bytes that the dead letters take in the channel's store.</summary>
    [Id(22)] public long DeadBytes { get; init; }

    /// <summary>Messages given up since the activation, by <see cref="DeadCause"/>, one entry a cause, whatever became of them.</summary>
    [Id(23)] public long[] DiedByCause { get; init; } = [];

    /// <summary>Messages that expired since the activation, whatever became of them.</summary>
    public long Expired => DiscardedBy(DiscardCause.Expired) + ((int)DeadCause.Expired < DiedByCause.Length ? DiedByCause[(int)DeadCause.Expired] : 0);
}
