using System.Buffers.Binary;
using Broker.Protocol.Client;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Protocol.Client;

public sealed class FrameReaderTests
{
    private static readonly Gen<(int Type, byte[] Data)> AnyFrame =
        from type in Gen.Choose(0, 3)
        from size in Gen.Frequency((3, Gen.Choose(0, 40)), (1, Gen.Choose(41, 3000)))
        from data in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(size)
        select (type, data);

    private static readonly Arbitrary<((int Type, byte[] Data)[] Frames, int[] Cuts)> AnySplitStream =
        (from frames in AnyFrame.ArrayOf()
         from cuts in Gen.Choose(1, 700).ArrayOf()
         select (frames, cuts)).ToArbitrary();

    [Fact]
    public void Any_split_of_a_span_gives_the_same_frames() => Prop.ForAll(AnySplitStream, stream =>
    {
        byte[] bytes = Concatenate(stream.Frames);
        List<(int, byte[])> seen = [];
        int start = 0, end = 0;
        foreach (int cut in stream.Cuts.Append(bytes.Length))
        {
            end = Math.Min(end + cut, bytes.Length);
            ReadOnlySpan<byte> unread = bytes.AsSpan(start, end - start);
            while (FrameReader.TryRead(ref unread, out Frame frame))
                seen.Add(((int)frame.Type, frame.Data.ToArray()));
            start = end - unread.Length;
        }
        AssertSame(stream.Frames, seen);
        Assert.Equal(bytes.Length, start);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void An_incomplete_frame_is_left_alone_and_its_length_is_known_from_its_first_four_bytes()
    {
        byte[] bytes = Concatenate([(2, new byte[50])]);
        for (int length = 0; length < bytes.Length; length++)
        {
            ReadOnlySpan<byte> input = bytes.AsSpan(0, length);
            Assert.False(FrameReader.TryRead(ref input, out _));
            Assert.Equal(length, input.Length);
            Assert.Equal(length < 4 ? FrameReader.HeaderSize : bytes.Length, FrameReader.RequiredLength(input));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(int.MinValue)]
    [InlineData(0x48545450)] // "HTTP"
    public void A_size_that_cannot_be_is_refused(int size)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteInt32BigEndian(bytes, size);
        Assert.Throws<MalformedFrameException>(() =>
        {
            ReadOnlySpan<byte> input = bytes;
            FrameReader.TryRead(ref input, out _);
        });
        Assert.Throws<MalformedFrameException>(() => FrameReader.RequiredLength(bytes));
    }

    [Fact]
    public void Responses_are_told_apart()
    {
        Assert.True(new Frame(FrameType.Response, "OK"u8).IsOk);
        Assert.False(new Frame(FrameType.Error, "OK"u8).IsOk);
        Assert.True(new Frame(FrameType.Response, "_heartbeat_"u8).IsHeartbeat);
        Assert.False(new Frame(FrameType.Message, "_heartbeat_"u8).IsHeartbeat);
        Assert.True(new Frame(FrameType.Response, "CLOSE_WAIT"u8).IsCloseWait);
    }

    [Fact]
    public void A_message_is_read_in_place()
    {
        byte[] data = [0, 0, 0, 0, 0, 0, 1, 2, 0xFF, 0xFE, .. "0123456789abcdef"u8, .. "body"u8];
        MessageFrame message = new(data);
        Assert.Equal(0x102, message.Timestamp);
        Assert.Equal(0xFFFE, message.Attempts);
        Assert.True(message.Id.SequenceEqual("0123456789abcdef"u8));
        Assert.True(message.Body.SequenceEqual("body"u8));
        Assert.True(new MessageFrame(data.AsSpan(0, MessageFrame.HeaderSize)).Body.IsEmpty);
        Assert.Throws<MalformedFrameException>(() => _ = new MessageFrame(data.AsSpan(0, MessageFrame.HeaderSize - 1)).Attempts);
    }

    private static byte[] Concatenate((int Type, byte[] Data)[] frames)
    {
        MemoryStream stream = new();
        Span<byte> header = stackalloc byte[FrameReader.HeaderSize];
        foreach ((int type, byte[] data) in frames)
        {
            BinaryPrimitives.WriteInt32BigEndian(header, sizeof(int) + data.Length);
            BinaryPrimitives.WriteInt32BigEndian(header[sizeof(int)..], type);
            stream.Write(header);
            stream.Write(data);
        }
        return stream.ToArray();
    }

    private static void AssertSame((int Type, byte[] Data)[] expected, List<(int Type, byte[] Data)> actual)
    {
        Assert.Equal(expected.Length, actual.Count);
        foreach (((int Type, byte[] Data) one, (int Type, byte[] Data) other) in expected.Zip(actual))
        {
            Assert.Equal(one.Type, other.Type);
            Assert.True(one.Data.AsSpan().SequenceEqual(other.Data));
        }
    }
}
