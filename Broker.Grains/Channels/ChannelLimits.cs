namespace Broker.Grains.Channels;

/// <summary>Limits of a channel's queue.</summary>
public sealed record ChannelLimits
{
    /// <summary>Messages read ahead even when the memory window is set to 0, so that the log is read in stretches.</summary>
    public const int MinReadAhead = 256;

    /// <summary>Messages that the memory window holds; for a channel that owns its bodies, all that it may hold.</summary>
    public required long WindowMessages { get; init; }

    /// <summary>Bytes that the memory window holds.</summary>
    public required long WindowBytes { get; init; }

    /// <summary>Whether the channel owns the bodies of its messages and never reads a log (an ephemeral one).</summary>
    public required bool OwnsBodies { get; init; }

    /// <summary>Greatest time from delivery to timeout, in milliseconds.</summary>
    public required long MaxMessageTimeout { get; init; }

    /// <summary>Greatest delay of a requeue, in milliseconds.</summary>
    public required long MaxRequeueDelay { get; init; }

    /// <summary>Whether deliveries are counted by the consumer's nearness.</summary>
    public bool TopologyAware { get; init; }
}
