using System.Buffers;
using Broker.Protocol.Compression;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Security;

/// <summary>Against IronSnappy, which others wrote, and against bytes that nobody wrote.</summary>
public sealed class SnappyChunkTests
{
    private const int DataStart = SnappyChunk.HeaderSize + SnappyChunk.ChecksumSize;

    public static TheoryData<int, int> Contents
    {
        get
        {
            TheoryData<int, int> contents = [];
            foreach (int length in (int[])[1, 3, 4, 15, 16, 17, 60, 61, 62, 255, 256, 257, 1000, 4096, 65535, 65536])
            {
                foreach (int variety in (int[])[1, 2, 5, 256])
                    contents.Add(length, variety);
            }
            return contents;
        }
    }

    [Theory]
    [MemberData(nameof(Contents))]
    public void What_is_written_is_decoded_here_and_elsewhere(int length, int variety)
    {
        byte[] content = Some(length, variety, seed: 1);
        byte[] chunk = Write(content);
        Assert.Equal(chunk.Length - SnappyChunk.HeaderSize, SnappyChunk.ReadLength(chunk));
        Assert.Equal(content, Content(chunk));
        Assert.Equal(content, Decompress(IronSnappy.Snappy.Encode(content)));
        if (variety == 1 && length > 1000)
            Assert.True(chunk.Length < length / 15);
    }

    [Fact]
    public void Any_content_survives() =>
        Prop.ForAll<byte[], byte, byte>(static (seed, repeats, gap) =>
        {
            byte[] content = [.. Enumerable.Repeat(seed.Concat(new byte[gap]), repeats).SelectMany(static part => part).Take(SnappyChunk.MaxContent)];
            return content.AsSpan().SequenceEqual(Content(Write(content)))
                && content.AsSpan().SequenceEqual(Decompress(IronSnappy.Snappy.Encode(content)));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Mutated_blocks_are_refused_or_decoded_to_no_more_than_they_say()
    {
        Random random = new(8);
        int refused = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] block = IronSnappy.Snappy.Encode(Some(random.Next(400), random.Next(1, 9), i)).ToArray();
            for (int change = random.Next(1, 5); change > 0; change--)
                block[random.Next(block.Length)] = (byte)random.Next(256);
            block = block[..random.Next(1, block.Length + 1)];
            if (Decompress(block) is not { } content)
                refused++;
            else
                Assert.InRange(content.Length, 0, SnappyChunk.MaxContent);
        }
        Assert.InRange(refused, 1, 199_999);
    }

    [Theory]
    [InlineData("")]
    [InlineData("80")]
    [InlineData("FFFFFFFFFF01")]
    [InlineData("0400")] // a literal of 1 where 4 were promised
    [InlineData("01F0")] // the literal's length is missing
    [InlineData("05FCFFFFFFFF")] // a literal of 4 GB
    [InlineData("040061050000")] // a copy from before the beginning
    [InlineData("FFFFFF7F0061")] // promises 256 MB
    public void Known_attacks_are_refused(string hex) => Assert.Null(SnappyChunk.Decompress(Convert.FromHexString(hex), out _));

    private static byte[] Some(int length, int variety, int seed)
    {
        Random random = new(seed);
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++)
            content[i] = (byte)random.Next(variety);
        return content;
    }

    private static byte[] Write(byte[] content)
    {
        byte[] chunk = new byte[SnappyChunk.MaxSize(content.Length)];
        return chunk[..SnappyChunk.Write(content, chunk)];
    }

    /// <summary>The content of a chunk, by this decoder and, when it is compressed, by the other one as well.</summary>
    private static byte[]? Content(byte[] chunk)
    {
        byte[] data = chunk[DataStart..];
        if (chunk[0] == SnappyChunk.Uncompressed)
            return data;
        byte[]? content = Decompress(data);
        Assert.Equal(IronSnappy.Snappy.Decode(data), content);
        return content;
    }

    private static byte[]? Decompress(ReadOnlySpan<byte> data)
    {
        if (SnappyChunk.Decompress(data, out int length) is not { } rented)
            return null;
        byte[] content = rented[..length];
        ArrayPool<byte>.Shared.Return(rented);
        return content;
    }
}
