namespace Broker.Protocol;

/// <summary>The commands of a client (spec 1.3).</summary>
public enum CommandVerb
{
    /// <summary>Not a command.</summary>
    Unknown = 0,

    /// <summary>Negotiates settings; with a body.</summary>
    Identify,

    /// <summary>Logs in; with a body.</summary>
    Auth,

    /// <summary>Subscribes the connection to a channel.</summary>
    Sub,

    /// <summary>Publishes a message; with a body.</summary>
    Pub,

    /// <summary>Publishes messages; with a body.</summary>
    Mpub,

    /// <summary>Publishes a message that is due later; with a body.</summary>
    Dpub,

    /// <summary>Sets the ceiling of messages in flight.</summary>
    Rdy,

    /// <summary>Finishes a message.</summary>
    Fin,

    /// <summary>Requeues a message.</summary>
    Req,

    /// <summary>Restarts a message's timeout.</summary>
    Touch,

    /// <summary>Stops deliveries before the connection is closed.</summary>
    Cls,

    /// <summary>Does nothing, but counts as a sign of life.</summary>
    Nop,
}
