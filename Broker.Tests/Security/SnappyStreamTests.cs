using System.Text;
using Broker.Protocol.Compression;

namespace Broker.Tests.Security;

public sealed class SnappyStreamTests
{
    private static readonly byte[] Identifier = Convert.FromHexString("FF060000734E61507059");

    [Fact]
    public async Task The_first_write_begins_with_the_identifier()
    {
        using MemoryStream wire = new();
        await using SnappyStream snappy = new(wire);
        await snappy.WriteAsync("hello"u8.ToArray());
        await snappy.WriteAsync("world"u8.ToArray());
        // Type 1, nine bytes, masked CRC-32C of hello by an implementation that others wrote.
        Assert.Equal("FF060000734E6150705901090000BB1F1C1968656C6C6F", Convert.ToHexString(wire.ToArray()[..23]));
        Assert.Equal("helloworld", await ReadAllAsync(wire.ToArray()));
    }

    [Fact]
    public async Task Long_writes_become_chunks_that_are_read_byte_by_byte()
    {
        string content = string.Concat(Enumerable.Range(0, 30_000).Select(static i => i.ToString()));
        using MemoryStream wire = new();
        await using SnappyStream snappy = new(wire);
        await snappy.WriteAsync(Encoding.ASCII.GetBytes(content));
        Assert.True(wire.Length < content.Length);
        Assert.Equal(content, await ReadAllAsync(wire.ToArray(), atOnce: 1));
    }

    [Fact]
    public void The_checksum_is_the_masked_CRC_32C()
    {
        // The check value of CRC-32C in the catalogues, masked as the framing format says. IronSnappy's own streams compute another.
        const uint check = 0xE3069283;
        Assert.Equal(((check >> 15) | (check << 17)) + 0xA282EAD8, SnappyChunk.Checksum("123456789"u8));
    }

    [Fact]
    public async Task Padding_and_what_may_be_skipped_is_skipped()
    {
        byte[] wire = [.. Identifier, 0xFE, 3, 0, 0, 1, 2, 3, 0x80, 0, 0, 0, 0xFD, 0, 0x20, 0, .. new byte[0x2000], .. Identifier, .. Chunk("after")];
        Assert.Equal("after", await ReadAllAsync(wire));
    }

    public static TheoryData<string, byte[]> Corrupt => new()
    {
        { "no identifier", Chunk("x") },
        { "another identifier", [0xFF, 6, 0, 0, .. "sNaPpy"u8] },
        { "an identifier of another length", [0xFF, 0, 0, 0] },
        { "a type that cannot be skipped", [.. Identifier, 0x02, 0, 0, 0] },
        { "a chunk without a checksum", [.. Identifier, 0x01, 3, 0, 0, 1, 2, 3] },
        { "a wrong checksum", [.. Identifier, 0x01, 5, 0, 0, 1, 2, 3, 4, (byte)'x'] },
        { "an uncompressed chunk that is too long", [.. Identifier, 0x01, 5, 0, 1] },
        { "a compressed chunk that is too long", [.. Identifier, 0x00, 0xFF, 0xFF, 0xFF] },
        { "a bomb", [.. Identifier, 0x00, 9, 0, 0, 1, 2, 3, 4, 0x81, 0x80, 4, 0, 0] },
        { "the end within a header", [.. Identifier, 0x01, 5] },
        { "the end within a chunk", [.. Identifier, 0x01, 5, 0, 0, 1] },
    };

    [Theory]
    [MemberData(nameof(Corrupt))]
    public async Task What_is_corrupt_is_refused(string what, byte[] wire)
    {
        Assert.NotEmpty(what);
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAllAsync(wire));
        await Assert.ThrowsAsync<InvalidDataException>(() => ReadAllAsync(wire, atOnce: 1));
    }

    [Fact]
    public async Task Mutated_streams_end_or_are_refused()
    {
        Random random = new(29);
        byte[] good = [.. Identifier, .. Chunk("one"), .. Chunk(new string('y', 3000)), 0xFE, 2, 0, 0, 0, 0, .. Chunk("three")];
        for (int i = 0; i < 20_000; i++)
        {
            byte[] wire = (byte[])good.Clone();
            for (int change = random.Next(1, 4); change > 0; change--)
                wire[random.Next(wire.Length)] = (byte)random.Next(256);
            try
            {
                Assert.True((await ReadAllAsync(wire[..random.Next(wire.Length)])).Length <= 3008);
            }
            catch (InvalidDataException)
            {
                // As it should be.
            }
        }
    }

    private static byte[] Chunk(string content)
    {
        byte[] chunk = new byte[SnappyChunk.MaxSize(content.Length)];
        return chunk[..SnappyChunk.Write(Encoding.ASCII.GetBytes(content), chunk)];
    }

    private static async Task<string> ReadAllAsync(byte[] wire, int atOnce = int.MaxValue)
    {
        await using SnappyStream snappy = new(new TricklingStream(wire, atOnce));
        using MemoryStream all = new();
        await snappy.CopyToAsync(all);
        return Encoding.ASCII.GetString(all.ToArray());
    }

    /// <summary>Gives a few bytes with each read.</summary>
    private sealed class TricklingStream(byte[] bytes, int atOnce) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, atOnce)], cancellationToken);
    }
}
