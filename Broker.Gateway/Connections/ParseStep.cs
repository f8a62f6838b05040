namespace Broker.Gateway.Connections;

/// <summary>How parsing goes on after a command.</summary>
internal enum ParseStep
{
    /// <summary>With the next command.</summary>
    Next,

    /// <summary>With the command's body, whose size comes first.</summary>
    Body,

    /// <summary>With the body of an MPUB.</summary>
    MultiBody,

    /// <summary>When more has arrived.</summary>
    NeedData,

    /// <summary>After the topic of an MPUB was made.</summary>
    CreateTopic,

    /// <summary>After the connection was subscribed.</summary>
    Subscribe,

    /// <summary>After TLS or compression, which IDENTIFY agreed on, was put on.</summary>
    Upgrade,

    /// <summary>After the client was asked about, for AUTH.</summary>
    Authenticate,

    /// <summary>With the same command, after what the client may do was asked for again.</summary>
    Reauthenticate,

    /// <summary>Not at all: the error is fatal.</summary>
    Fail,

    /// <summary>Not at all, and without an error.</summary>
    Close,
}
