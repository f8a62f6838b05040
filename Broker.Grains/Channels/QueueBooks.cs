using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>What a channel's queue has counted since its activation.</summary>
public sealed class QueueBooks
{
    private readonly long[] _discarded = new long[(int)Enum.GetValues<DiscardCause>().Max() + 1];
    private readonly long[] _died = new long[Enum.GetValues<DeadCause>().Length];

    /// <summary>Messages taken over.</summary>
    public long Messages { get; internal set; }

    /// <summary>FINs.</summary>
    public long Finished { get; internal set; }

    /// <summary>REQs.</summary>
    public long Requeues { get; internal set; }

    /// <summary>Message timeouts.</summary>
    public long Timeouts { get; internal set; }

    /// <summary>How often a message was deferred, by its publisher, by a REQ with a delay, or by the delay between attempts.</summary>
    public long Deferrals { get; internal set; }

    /// <summary>Messages that were found when the queue was recovered, and those that the log turned out to have beyond its count.</summary>
    public long StartedWith { get; internal set; }

    /// <summary>Messages given up without a FIN, by <see cref="DiscardCause"/>.</summary>
    public IReadOnlyList<long> Discarded => _discarded;

    /// <summary>Messages given up without a FIN, for all causes.</summary>
    public long DiscardedInAll => _discarded.Sum();

    /// <summary>Messages that had all of their attempts or became dead as they expired, by <see cref="DeadCause"/>, whatever became of them.</summary>
    public IReadOnlyList<long> Died => _died;

    /// <summary>Deliveries, repeated ones included.</summary>
    public long Deliveries => DeliveriesByProximity.Sum();

    /// <summary>Deliveries, repeated ones included, by <see cref="Proximity"/>.</summary>
    public long[] DeliveriesByProximity { get; } = new long[3];

    /// <summary>Counts a message that had all of its attempts.</summary>
    internal void Die(DeadCause cause) => _died[(int)cause]++;

    /// <summary>Counts messages that are given up.</summary>
    internal void Discard(DiscardCause cause, long messages = 1) => _discarded[(int)cause] += messages;
}
