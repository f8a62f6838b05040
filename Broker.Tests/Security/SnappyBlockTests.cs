using Broker.Protocol;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Security;

/// <summary>Against IronSnappy, which others wrote, and against bytes that nobody wrote.</summary>
public sealed class SnappyBlockTests
{
    public static TheoryData<int, int> Contents
    {
        get
        {
            TheoryData<int, int> contents = [];
            foreach (int length in (int[])[0, 1, 3, 4, 15, 16, 17, 60, 61, 62, 255, 256, 257, 1000, 4096, 65535, 65536])
            {
                foreach (int variety in (int[])[1, 2, 5, 256])
                    contents.Add(length, variety);
            }
            return contents;
        }
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public void What_is_encoded_is_decoded_here_and_elsewhere(int length, int variety)
    {
        byte[] content = Some(length, variety, seed: 1);
        byte[] encoded = Encode(content);
        Assert.True(encoded.Length <= SnappyBlock.MaxEncodedLength(length));
        Assert.Equal(content, Decode(encoded, length));
        Assert.Equal(content, IronSnappy.Snappy.Decode(encoded));
        Assert.Equal(content, Decode(IronSnappy.Snappy.Encode(content), length));
        if (variety == 1 && length > 1000)
            Assert.True(encoded.Length < length / 15);
    }

    [Fact]
    public void Any_content_survives() =>
        Prop.ForAll<byte[], byte, byte>(static (seed, repeats, gap) =>
        {
            byte[] content = [.. Enumerable.Repeat(seed.Concat(new byte[gap]), repeats).SelectMany(static part => part).Take(SnappyBlock.MaxInput)];
            byte[] encoded = Encode(content);
            return content.AsSpan().SequenceEqual(Decode(encoded, content.Length)) && content.AsSpan().SequenceEqual(IronSnappy.Snappy.Decode(encoded));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Mutated_blocks_are_refused_or_decoded_and_touch_nothing_else()
    {
        Random random = new(8);
        byte[] room = new byte[SnappyBlock.MaxInput + 64];
        for (int i = 0; i < 200_000; i++)
        {
            byte[] block = Encode(Some(random.Next(400), random.Next(1, 9), i));
            for (int change = random.Next(1, 5); change > 0; change--)
                block[random.Next(block.Length)] = (byte)random.Next(256);
            block = block[..random.Next(1, block.Length + 1)];
            int allowed = random.Next(500);
            room.AsSpan(allowed, 64).Fill(0xEE);
            SnappyBlock.TryDecode(block, room.AsSpan(0, allowed), out _);
            Assert.False(room.AsSpan(allowed, 64).ContainsAnyExcept((byte)0xEE));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FFFFFFFFFF01")]
    [InlineData("0400")] // a literal of 1 where 4 were promised
    [InlineData("01F0")] // the literal's length is missing
    [InlineData("05FCFFFFFFFF")] // a literal of 4 GB
    [InlineData("040061050000")] // a copy from before the beginning
    [InlineData("0400610101")] // runs over what was promised
    [InlineData("FFFFFF7F0061")] // promises 256 MB
    public void Known_attacks_are_refused(string hex) =>
        Assert.False(SnappyBlock.TryDecode(Convert.FromHexString(hex), new byte[64], out _));

    private static byte[] Some(int length, int variety, int seed)
    {
        Random random = new(seed);
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++)
            content[i] = (byte)random.Next(variety);
        return content;
    }

    private static byte[] Encode(byte[] content)
    {
        byte[] encoded = new byte[SnappyBlock.MaxEncodedLength(content.Length)];
        return encoded[..SnappyBlock.Encode(content, encoded)];
    }

    private static byte[] Decode(byte[] encoded, int length)
    {
        byte[] content = new byte[length];
        Assert.True(SnappyBlock.TryDecode(encoded, content, out int written));
        Assert.Equal(length, written);
        return content;
    }
}
