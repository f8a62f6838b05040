namespace Broker.Gateway;

/// <summary>What a command's reply depends on.</summary>
internal enum OutcomeKind
{
    /// <summary>The whole frame of the reply is known.</summary>
    Frame,

    /// <summary>A response whose data is known.</summary>
    Response,

    /// <summary>An error that is known and not fatal.</summary>
    Error,

    /// <summary>A publish: <c>OK</c> when its call succeeded.</summary>
    Published,

    /// <summary>Commands to the channel: nothing, or an error for each that failed.</summary>
    Executed,
}
