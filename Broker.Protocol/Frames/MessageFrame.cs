using System.Buffers.Binary;

namespace Broker.Protocol;

/// <summary>
/// A frame that delivers a message (spec 1.2): the frame's header, then <c>[int64 publish time][uint16 attempts][16 hex id][body]</c>.
/// </summary>
public static class MessageFrame
{
    /// <summary>Bytes of the data before the body.</summary>
    public const int DataHeaderSize = sizeof(long) + sizeof(ushort) + HexId.Length;

    /// <summary>Bytes before the body, the frame's own header included.</summary>
    public const int HeaderSize = Frame.HeaderSize + DataHeaderSize;

    /// <summary>Writes the <see cref="HeaderSize"/> bytes that stand before a body.</summary>
    /// <param name="destination">At least <see cref="HeaderSize"/> bytes.</param>
    /// <param name="timestamp">Publish time in nanoseconds since the Unix epoch.</param>
    /// <param name="attempts">Deliveries with this one.</param>
    /// <param name="id">The message id.</param>
    /// <param name="bodyLength">Length of the body in bytes.</param>
    public static void WriteHeader(Span<byte> destination, long timestamp, ushort attempts, ulong id, int bodyLength)
    {
        HexId.Format(id, destination.Slice(Frame.HeaderSize + sizeof(long) + sizeof(ushort), HexId.Length));
        BinaryPrimitives.WriteUInt16BigEndian(destination[(Frame.HeaderSize + sizeof(long))..], attempts);
        BinaryPrimitives.WriteInt64BigEndian(destination[Frame.HeaderSize..], timestamp);
        Frame.WriteHeader(destination, FrameType.Message, DataHeaderSize + bodyLength);
    }
}
