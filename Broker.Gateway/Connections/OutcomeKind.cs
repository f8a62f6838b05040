namespace Broker.Gateway.Connections;

/// <summary>What a command's reply depends on.</summary>
internal enum OutcomeKind
{
    /// <summary>Nothing: a response whose data is known.</summary>
    Response,

    /// <summary>Nothing: an error that is known and not fatal.</summary>
    Error,

    /// <summary>A publish: <c>OK</c> when its call succeeded.</summary>
    Published,

    /// <summary>Commands to the channel: no reply, or an error for each that failed.</summary>
    Executed,
}
