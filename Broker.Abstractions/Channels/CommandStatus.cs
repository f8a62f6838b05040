namespace Broker.Channels;

/// <summary>What became of a command batch.</summary>
public enum CommandStatus
{
    /// <summary>Carried out; single commands may have failed.</summary>
    Ok = 0,

    /// <summary>The channel was activated anew and does not know the gateway: attach again, then send the batch again.</summary>
    NotAttached = 1,

    /// <summary>The channel's incarnation is gone; its consumers' connections are to be closed.</summary>
    Gone = 2,
}
