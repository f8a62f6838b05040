using System.Buffers;

namespace Broker.Tests.Protocol;

/// <summary>Sequences of many short segments, as a pipe may give them.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    public static ReadOnlySequence<byte> Of(ReadOnlyMemory<byte> bytes, int size)
    {
        Segments first = new() { Memory = bytes[..Math.Min(size, bytes.Length)] };
        Segments last = first;
        for (int position = size; position < bytes.Length; position += size)
        {
            Segments next = new() { Memory = bytes.Slice(position, Math.Min(size, bytes.Length - position)), RunningIndex = position };
            last.Next = next;
            last = next;
        }
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }
}
