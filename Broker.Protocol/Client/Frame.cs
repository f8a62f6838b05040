namespace Broker.Protocol.Client;

/// <summary>A frame as it lies in the buffer it was received into. Valid as long as that buffer is left alone.</summary>
/// <param name="type">What the frame carries. A server may send types that this enumeration does not name.</param>
/// <param name="data">All of the frame after its 8-byte header.</param>
public readonly ref struct Frame(FrameType type, ReadOnlySpan<byte> data)
{
    /// <summary>What the frame carries.</summary>
    public FrameType Type { get; } = type;

    /// <summary>All of the frame after its header.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Whether this is the positive answer to a command.</summary>
    public bool IsOk => Type == FrameType.Response && Data.SequenceEqual("OK"u8);

    /// <summary>Whether the server asks for a sign of life; <c>NOP</c> is the answer.</summary>
    public bool IsHeartbeat => Type == FrameType.Response && Data.SequenceEqual("_heartbeat_"u8);

    /// <summary>Whether the server has stopped delivering after a <c>CLS</c>.</summary>
    public bool IsCloseWait => Type == FrameType.Response && Data.SequenceEqual("CLOSE_WAIT"u8);
}
