using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>A channel that is open: one incarnation with its queue, its gateways and where its messages and progress are kept.</summary>
public sealed class OpenChannel
{
    /// <summary>Which making of the channel this is.</summary>
    public required long Incarnation { get; init; }

    /// <summary>First offset that belongs to it.</summary>
    public required long Start { get; init; }

    /// <summary>Shared part of the message ids.</summary>
    public required ulong IdPrefix { get; init; }

    /// <summary>The queue.</summary>
    public required ChannelQueue Queue { get; init; }

    /// <summary>The topic's log; null for a channel that owns its bodies.</summary>
    public required ITopicReader? Reader { get; init; }

    /// <summary>What survives a restart; null for a channel that owns its bodies.</summary>
    public required IChannelProgress? Progress { get; init; }

    /// <summary>Before this (milliseconds of the steady clock) nothing is delivered, so that gateways can hand over what is in flight.</summary>
    public long HeldUntil { get; set; }

    /// <summary>
    /// By then (milliseconds of the steady clock) an ephemeral channel that was open before must have consumers again, or it goes;
    /// <see cref="long.MaxValue"/> for other channels.
    /// </summary>
    public long AttachedBy { get; set; } = long.MaxValue;

    /// <summary>The gateways that have consumers here, by id.</summary>
    public SortedDictionary<string, AttachedGateway> Gateways { get; } = new(StringComparer.Ordinal);

    /// <summary>All joined consumers.</summary>
    public IEnumerable<Consumer> Consumers => Gateways.Values.SelectMany(gateway => gateway.Consumers.Values);

    /// <summary>Number of joined consumers.</summary>
    public int ConsumerCount => Gateways.Values.Sum(gateway => gateway.Consumers.Count);

    /// <summary>Whether a read of the log is under way.</summary>
    public bool Reading { get; set; }

    /// <summary>Whether an ephemeral channel has had its last consumer leave and is being deleted.</summary>
    public bool Leaving { get; set; }

    /// <summary>All below is finished, and durably so.</summary>
    public long DurableFloor => Progress is { } progress ? Math.Max(progress.DurableFloor, Start) : Queue.End;
}
