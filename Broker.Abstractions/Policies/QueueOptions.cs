namespace Broker.Policies;

/// <summary>Limits of topics and channels, the same for all of a broker (spec 6.1).</summary>
public sealed class QueueOptions
{
    /// <summary>Number of this node in message ids, 0 to 1023.</summary>
    public int NodeId { get; set; }

    /// <summary>Messages that a channel's memory window holds; 0 keeps a small read-ahead only. Also the bound of ephemeral topics and channels.</summary>
    public long MemQueueSize { get; set; } = 10_000;

    /// <summary>Body bytes that a channel's memory window holds, whatever the number of messages.</summary>
    public long MemQueueBytes { get; set; } = 8 << 20;

    /// <summary>Greatest time from delivery to timeout, however often a message is touched.</summary>
    public TimeSpan MaxMsgTimeout { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>Greatest delay of a REQ; a greater one is lowered to it.</summary>
    public TimeSpan MaxReqTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Consumers that a channel may have; 0 for no limit.</summary>
    public int MaxChannelConsumers { get; set; }

    /// <summary>Whether messages prefer consumers of the same zone or region (spec 1.10).</summary>
    public bool TopologyAware { get; set; }

    /// <summary>Topology region of this broker; empty when it has none.</summary>
    public string TopologyRegion { get; set; } = "";

    /// <summary>Topology zone of this broker; empty when it has none.</summary>
    public string TopologyZone { get; set; } = "";

    /// <summary>Whether times from publish to FIN are kept for percentiles (spec 2.8).</summary>
    public bool KeepsLatency { get; set; }

    /// <summary>The time that those percentiles cover, in two halves.</summary>
    public TimeSpan LatencyWindow { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What topics do differently by their names; where several say something of a topic, the first is right.</summary>
    public IReadOnlyList<PatternPolicy> Policies { get; set; } = [];

    /// <summary>How long a message may hold the log from being trimmed before it moves into its channel's own store.</summary>
    public TimeSpan StragglerAge { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A gateway that a channel has not heard from for this long is taken for dead.</summary>
    public TimeSpan GatewayTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a channel that was activated anew waits for gateways to hand over what is in flight before it delivers. Zero where there is
    /// one gateway, which hands over when it attaches.
    /// </summary>
    public TimeSpan HandOverWait { get; set; } = TimeSpan.Zero;
}
