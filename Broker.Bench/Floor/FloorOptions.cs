using System.Net;

namespace Broker.Bench.Floor;

/// <summary>How the floor server works.</summary>
public sealed record FloorOptions
{
    /// <summary>Where to listen.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>File that published messages are appended to; null for one that goes with the server.</summary>
    public string? File { get; init; }

    /// <summary>Bytes after which the file begins anew, so that a long run does not fill the disk.</summary>
    public long FileLimit { get; init; } = 1L << 30;

    /// <summary>Bytes of the body of a delivered message.</summary>
    public int Size { get; init; } = 200;

    /// <summary>Messages to deliver to all consumers together; 0 for no end.</summary>
    public long Backlog { get; init; }

    /// <summary>Whether a connection's code runs on the thread that polls its socket.</summary>
    public bool Inline { get; init; } = true;
}
