using System.Buffers.Binary;

namespace Broker.Protocol;

/// <summary>A frame from server to client (spec 1.2): <c>[int32 4 + length of data][int32 type][data]</c>, big endian.</summary>
public static class Frame
{
    /// <summary>Bytes before the data.</summary>
    public const int HeaderSize = 2 * sizeof(int);

    /// <summary>The complete frame of the response <c>OK</c>.</summary>
    public static ReadOnlySpan<byte> Ok => [0, 0, 0, 6, 0, 0, 0, 0, (byte)'O', (byte)'K'];

    /// <summary>The complete frame of the response <c>_heartbeat_</c>.</summary>
    public static ReadOnlySpan<byte> Heartbeat => "\0\0\0\x0f\0\0\0\0_heartbeat_"u8;

    /// <summary>The complete frame of the response <c>CLOSE_WAIT</c>.</summary>
    public static ReadOnlySpan<byte> CloseWait => "\0\0\0\x0e\0\0\0\0CLOSE_WAIT"u8;

    /// <summary>Writes a whole frame to the start of <paramref name="destination"/> and returns its size in bytes.</summary>
    public static int Write(Span<byte> destination, FrameType type, ReadOnlySpan<byte> data)
    {
        WriteHeader(destination, type, data.Length);
        data.CopyTo(destination[HeaderSize..]);
        return HeaderSize + data.Length;
    }

    /// <summary>Writes what stands before <paramref name="dataLength"/> bytes of data.</summary>
    public static void WriteHeader(Span<byte> destination, FrameType type, int dataLength)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination[sizeof(int)..], (int)type);
        BinaryPrimitives.WriteInt32BigEndian(destination, sizeof(int) + dataLength);
    }
}
