namespace Broker.Serving.Limits;

/// <summary>Why a client was turned away or made to wait, beyond what nsqd does.</summary>
public enum RefusalReason
{
    /// <summary>There were as many connections as there may be.</summary>
    TooManyConnections = 0,

    /// <summary>Its address had as many connections as it may have.</summary>
    TooManyConnectionsOfAddress,

    /// <summary>It connected and gave no command.</summary>
    NoFirstCommand,

    /// <summary>It took too long over one command.</summary>
    SlowCommand,

    /// <summary>It gave more commands than it may in a second, and is read from later.</summary>
    TooManyCommands,

    /// <summary>Too many bytes were on their way through the gateway, and it is read from later.</summary>
    TooManyBytesInFlight,

    /// <summary>The process used nearly all the memory it may, and it is read from later.</summary>
    MemoryShort,

    /// <summary>TLS did not come about.</summary>
    HandshakeFailed,

    /// <summary>It may not do what it asked for, or nobody could say.</summary>
    NotAuthorized,

    /// <summary>There were as many connections by HTTP as there may be.</summary>
    TooManyHttpConnections,

    /// <summary>Its address had as many connections by HTTP as it may have.</summary>
    TooManyHttpConnectionsOfAddress,

    /// <summary>It sent more requests by HTTP than it may in a second, and is answered later.</summary>
    TooManyRequests,

    /// <summary>It took too long over the headers of a request, or sent its body too slowly.</summary>
    SlowRequest,

    /// <summary>The address, the headers or the body of a request were bigger than they may be.</summary>
    RequestTooBig,

    /// <summary>The process may have no more open files for connections, and the next one is accepted later.</summary>
    TooManyOpenFiles,

    /// <summary>Another site had a browser send it, or it asked by a name that is not this server's.</summary>
    ForeignSite,
}
