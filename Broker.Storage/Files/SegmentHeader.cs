using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>The first bytes of a segment: magic, format version, generation, base offset, CRC-32C.</summary>
internal static class SegmentHeader
{
    /// <summary>Bytes before the first batch.</summary>
    public const int Size = 32;

    private const ulong Magic = 0x00474553_474F4C42; // "BLOGSEG"
    private const int Version = 1;

    public static byte[] Write(SegmentPlace place)
    {
        byte[] header = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), place.Generation);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), place.BaseOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), Checksum.Add(0, header.AsSpan(0, 28)));
        return header;
    }

    /// <summary>Whether a segment begins as it should.</summary>
    /// <exception cref="StoreException">It is of a newer format.</exception>
    public static bool IsIntact(ReadOnlySpan<byte> header, SegmentPlace place, string path)
    {
        if (header.Length < Size
            || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(header[28..]) != Checksum.Add(0, header[..28]))
        {
            return false;
        }
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version > Version)
            throw Fault.Newer(path, version, Version);
        return BinaryPrimitives.ReadInt32LittleEndian(header[12..]) == place.Generation
            && BinaryPrimitives.ReadInt64LittleEndian(header[16..]) == place.BaseOffset;
    }
}
