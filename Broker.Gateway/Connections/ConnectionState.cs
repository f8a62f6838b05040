namespace Broker.Gateway.Connections;

/// <summary>Where a connection stands; the numbers are those of the statistics (spec 1.5).</summary>
public enum ConnectionState
{
    /// <summary>Not subscribed.</summary>
    Init = 0,

    /// <summary>Subscribed to a channel.</summary>
    Subscribed = 3,

    /// <summary>After CLS: finishes what is in flight.</summary>
    Closing = 4,
}
