namespace Broker.Channels;

/// <summary>Why a FIN, REQ or TOUCH failed.</summary>
public enum CommandFailureCause
{
    /// <summary>The message is not in flight.</summary>
    NotInFlight = 0,

    /// <summary>The message is in flight with another consumer.</summary>
    NotOwner = 1,
}
