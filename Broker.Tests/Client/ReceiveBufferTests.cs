using Broker.Client;
using Broker.Protocol.Client;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Client;

/// <summary>What a server sends, cut into frames where it was received.</summary>
public sealed class ReceiveBufferTests
{
    private static readonly Gen<byte[]> AnyData =
        from size in Gen.Frequency((6, Gen.Choose(0, 300)), (2, Gen.Choose(300, 20_000)), (1, Gen.Choose(60_000, 200_000)))
        from value in Gen.Choose(0, 255)
        select Filled(size, (byte)value);

    private static readonly Arbitrary<(byte[][] Frames, int[] Reads)> AnyStream =
        (from frames in AnyData.ArrayOf()
         from reads in Gen.Frequency((1, Gen.Choose(1, 40)), (3, Gen.Choose(1, 70_000))).NonEmptyListOf()
         select (frames, reads.ToArray())).ToArbitrary();

    [Fact]
    public void Any_way_to_receive_gives_the_same_frames_and_they_stay_as_they_are() => Prop.ForAll(AnyStream, stream =>
    {
        byte[] bytes = [.. stream.Frames.SelectMany(data => ScriptedConnection.Frame((int)FrameType.Message, data))];
        ReceiveBuffer buffer = new();
        List<ArraySegment<byte>> taken = [];
        for ((int position, int read) = (0, 0); position < bytes.Length; read++)
        {
            Span<byte> room = buffer.GetRoom().Span;
            Assert.False(room.IsEmpty);
            int count = Math.Min(Math.Min(room.Length, stream.Reads[read % stream.Reads.Length]), bytes.Length - position);
            bytes.AsSpan(position, count).CopyTo(room);
            buffer.Add(count);
            position += count;
            while (buffer.TryTake(out Frame frame, out ArraySegment<byte> whole))
            {
                Assert.Equal(FrameType.Message, frame.Type);
                Assert.True(frame.Data.SequenceEqual(whole.AsSpan(FrameReader.TypeSize)));
                taken.Add(whole);
            }
        }
        Assert.Equal(stream.Frames.Length, taken.Count);
        foreach ((byte[] data, ArraySegment<byte> whole) in stream.Frames.Zip(taken))
        {
            // A message keeps here whether it was answered.
            Assert.Equal(0, whole[0]);
            Assert.True(data.AsSpan().SequenceEqual(whole.AsSpan(FrameReader.TypeSize)));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_large_frame_gets_room_as_it_comes()
    {
        byte[] bytes = ScriptedConnection.Frame((int)FrameType.Message, new byte[10 << 20]);
        ReceiveBuffer buffer = new();
        for (int position = 0; position < bytes.Length;)
        {
            Span<byte> room = buffer.GetRoom().Span;
            Assert.InRange(room.Length, 1, Math.Max(64 << 10, position));
            int count = Math.Min(room.Length, bytes.Length - position);
            bytes.AsSpan(position, count).CopyTo(room);
            buffer.Add(count);
            position += count;
        }
        Assert.True(buffer.TryTake(out Frame frame, out _));
        Assert.Equal(10 << 20, frame.Data.Length);
    }

    [Fact]
    public void What_is_no_frame_is_refused_before_room_is_made_for_it()
    {
        ReceiveBuffer buffer = new();
        "HTTP/1.1 400"u8.CopyTo(buffer.GetRoom().Span);
        buffer.Add(12);
        Assert.Throws<MalformedFrameException>(() => buffer.TryTake(out _, out _));
        Assert.Throws<MalformedFrameException>(() => buffer.GetRoom());
    }

    private static byte[] Filled(int size, byte value)
    {
        byte[] data = new byte[size];
        data.AsSpan().Fill(value);
        return data;
    }
}
