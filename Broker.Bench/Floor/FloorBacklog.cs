using System.Buffers;
using System.Buffers.Binary;
using Broker.Protocol.Client;

namespace Broker.Bench.Floor;

/// <summary>The messages that the floor server delivers: all alike but for their ids, and none of them stored.</summary>
internal sealed class FloorBacklog
{
    private const int IdOffset = FrameReader.HeaderSize + MessageFrame.HeaderSize - MessageFrame.IdSize;
    private const int AttemptsOffset = FrameReader.HeaderSize + sizeof(long);

    private readonly byte[] _frame;
    private readonly long _length;
    private long _taken;

    public FloorBacklog(FloorOptions options)
    {
        _length = options.Backlog > 0 ? options.Backlog : long.MaxValue;
        _frame = new byte[FrameReader.HeaderSize + MessageFrame.HeaderSize + options.Size];
        BinaryPrimitives.WriteInt32BigEndian(_frame, _frame.Length - sizeof(int));
        BinaryPrimitives.WriteInt32BigEndian(_frame.AsSpan(sizeof(int)), (int)FrameType.Message);
        BinaryPrimitives.WriteUInt16BigEndian(_frame.AsSpan(AttemptsOffset), 1);
    }

    /// <summary>Takes up to so many messages off the backlog; their numbers count on from <paramref name="first"/>.</summary>
    public int Take(int wanted, out long first)
    {
        first = Interlocked.Add(ref _taken, wanted) - wanted;
        return (int)Math.Clamp(_length - first, 0, wanted);
    }

    /// <summary>Writes the frame of a message.</summary>
    public void Write(IBufferWriter<byte> output, long number)
    {
        Span<byte> frame = output.GetSpan(_frame.Length);
        _frame.CopyTo(frame);
        number.TryFormat(frame.Slice(IdOffset, MessageFrame.IdSize), out _, "x16");
        output.Advance(_frame.Length);
    }
}
