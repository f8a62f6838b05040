namespace Broker.Client;

/// <summary>How long a consumer pauses after failures.</summary>
public enum NsqBackoffStrategy
{
    /// <summary>The multiplier times two to the power of the level: 2 s, 4 s, 8 s … with the default multiplier.</summary>
    Exponential,

    /// <summary>A random time up to that, so that many consumers do not come back at once.</summary>
    FullJitter,
}
