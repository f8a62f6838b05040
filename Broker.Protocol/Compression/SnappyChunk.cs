using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using Snappier;

namespace Broker.Protocol.Compression;

/// <summary>
/// The chunks of snappy's framing format: <c>[type][int24 length, little endian][data]</c>. The data of types 0 and 1 begins
/// with the masked CRC-32C of what it decodes to.
/// </summary>
public static class SnappyChunk
{
    /// <summary>Compressed data.</summary>
    public const byte Compressed = 0x00;

    /// <summary>Data that compression would not have made smaller.</summary>
    public const byte Uncompressed = 0x01;

    /// <summary>The least type that a reader skips.</summary>
    public const byte FirstSkippable = 0x80;

    /// <summary>What a stream begins with.</summary>
    public const byte StreamIdentifier = 0xFF;

    /// <summary>Bytes before the data.</summary>
    public const int HeaderSize = 4;

    /// <summary>Bytes of the checksum.</summary>
    public const int ChecksumSize = sizeof(uint);

    /// <summary>Greatest number of bytes that the data of a chunk may stand for.</summary>
    public const int MaxContent = 64 * 1024;

    /// <summary>The chunk that a stream begins with.</summary>
    public static ReadOnlySpan<byte> Identifier => [0xFF, 6, 0, 0, (byte)'s', (byte)'N', (byte)'a', (byte)'P', (byte)'p', (byte)'Y'];

    /// <summary>Greatest length of data that a chunk of this type can have when it is good; skippable ones may have any.</summary>
    public static int MaxLength(byte type) => type switch
    {
        Compressed => ChecksumSize + Snappy.GetMaxCompressedLength(MaxContent),
        Uncompressed => ChecksumSize + MaxContent,
        StreamIdentifier => Identifier.Length - HeaderSize,
        >= FirstSkippable => 0xFFFFFF,
        _ => 0,
    };

    /// <summary>Size in bytes that a buffer for the chunk of so much content must have.</summary>
    public static int MaxSize(int contentLength) => HeaderSize + ChecksumSize + Snappy.GetMaxCompressedLength(contentLength);

    /// <summary>The length in a chunk's header.</summary>
    public static int ReadLength(ReadOnlySpan<byte> header) => header[1] | (header[2] << 8) | (header[3] << 16);

    /// <summary>Writes a chunk of content, compressed when that is worth it.</summary>
    /// <param name="content">Up to <see cref="MaxContent"/> bytes.</param>
    /// <param name="destination">At least <see cref="MaxSize"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> content, Span<byte> destination)
    {
        Span<byte> data = destination[(HeaderSize + ChecksumSize)..];
        byte type = Compressed;
        int length = Snappy.Compress(content, data);
        if (length >= content.Length - (content.Length / 8))
        {
            content.CopyTo(data);
            type = Uncompressed;
            length = content.Length;
        }
        BinaryPrimitives.WriteInt32LittleEndian(destination, ((ChecksumSize + length) << 8) | type);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[HeaderSize..], Checksum(content));
        return HeaderSize + ChecksumSize + length;
    }

    /// <summary>Decompresses the data of a compressed chunk, without its checksum, into rented memory.</summary>
    /// <param name="data">Anything that a peer sent.</param>
    /// <param name="length">Bytes of content in the array; up to <see cref="MaxContent"/>.</param>
    /// <returns>An array of the shared pool, which the caller gives back; null when no good chunk has such data.</returns>
    public static byte[]? Decompress(ReadOnlySpan<byte> data, out int length)
    {
        byte[]? content = null;
        try
        {
            length = Snappy.GetUncompressedLength(data);
            if ((uint)length > MaxContent)
                return null;
            content = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
            if (Snappy.TryDecompress(data, content.AsSpan(0, length), out int written) && written == length)
                return content;
        }
        catch (InvalidDataException)
        {
            length = 0;
        }
        if (content is not null)
            ArrayPool<byte>.Shared.Return(content);
        return null;
    }

    /// <summary>The masked CRC-32C of content.</summary>
    public static uint Checksum(ReadOnlySpan<byte> content)
    {
        uint crc = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(content);
        foreach (ulong word in words)
            crc = BitOperations.Crc32C(crc, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (byte rest in content[(words.Length * sizeof(ulong))..])
            crc = BitOperations.Crc32C(crc, rest);
        crc = ~crc;
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8;
    }
}
