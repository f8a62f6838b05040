using System.Buffers.Binary;
using Broker.Bench.Measuring;

namespace Broker.Bench.Load;

/// <summary>
/// The first bytes of a generated body: a mark that tells it from other messages, and the moment it was meant to be sent.
/// A body too short for it goes unstamped, and is counted but not timed.
/// </summary>
public static class MessageStamp
{
    /// <summary>Bytes that a stamp takes.</summary>
    public const int Size = sizeof(ulong) + sizeof(long);

    private const ulong Mark = 0x4265_6E63_6853_7431; // "BenchSt1"

    /// <summary>Marks a body that will be stamped.</summary>
    public static void Prepare(Span<byte> body)
    {
        if (body.Length >= Size)
            BinaryPrimitives.WriteUInt64BigEndian(body, Mark);
    }

    /// <summary>Sets the moment, as told by <see cref="MonotonicClock"/>, on a body of at least <see cref="Size"/> bytes.</summary>
    public static void Write(Span<byte> body, long moment) => BinaryPrimitives.WriteInt64BigEndian(body[sizeof(ulong)..], moment);

    /// <summary>Finds the moment that a body was stamped with.</summary>
    public static bool TryRead(ReadOnlySpan<byte> body, out long moment)
    {
        if (body.Length >= Size && BinaryPrimitives.ReadUInt64BigEndian(body) == Mark)
        {
            moment = BinaryPrimitives.ReadInt64BigEndian(body[sizeof(ulong)..]);
            return true;
        }
        moment = 0;
        return false;
    }
}
