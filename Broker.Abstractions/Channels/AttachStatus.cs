namespace Broker.Channels;

/// <summary>How an attach ended.</summary>
public enum AttachStatus
{
    /// <summary>The consumers are joined.</summary>
    Ok = 0,

    /// <summary>The channel's incarnation is gone.</summary>
    Gone = 1,

    /// <summary>The channel has as many consumers as it may have; none was joined.</summary>
    TooManyConsumers = 2,

    /// <summary>The channel could not be opened; try again later.</summary>
    Failed = 3,
}
