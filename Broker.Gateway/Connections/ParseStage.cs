namespace Broker.Gateway.Connections;

/// <summary>What of a command is read next.</summary>
internal enum ParseStage
{
    /// <summary>The four bytes that a connection begins with.</summary>
    Magic,

    /// <summary>A line.</summary>
    Line,

    /// <summary>The size of a body.</summary>
    BodySize,

    /// <summary>A body.</summary>
    Body,

    /// <summary>The body of an MPUB, its size included.</summary>
    MultiBody,
}
