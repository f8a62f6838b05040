namespace Broker.Channels;

/// <summary>How near a consumer is to the broker by its topology fields (spec 1.10).</summary>
public enum Proximity
{
    /// <summary>Neither the zone nor the region is the broker's, or the experiment is off.</summary>
    Global = 0,

    /// <summary>Same region.</summary>
    Region = 1,

    /// <summary>Same zone.</summary>
    Zone = 2,
}
