using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// What stands before the entries of a block in a journal: magic, length, CRC-32C that begins with the incarnation and the position, so that
/// what a kept message's body contains is never taken for a block.
/// </summary>
internal static class JournalBlock
{
    /// <summary>Bytes before the entries.</summary>
    public const int HeaderSize = 12;

    /// <summary>The first four bytes of every block.</summary>
    public const uint Magic = 0xA9_D3_41_E7;

    public static byte[] Header(ReadOnlySpan<byte> entries, long incarnation, long position)
    {
        byte[] header = new byte[HeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(4), entries.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), ChecksumOf(entries, incarnation, position));
        return header;
    }

    /// <summary>Length of the entries behind a header; null when this is none.</summary>
    public static int? Length(ReadOnlySpan<byte> header)
    {
        if (header.Length < HeaderSize || BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic)
            return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        return length > 0 ? length : null;
    }

    /// <summary>Whether a whole block is what was once written to this place.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> block, long incarnation, long position) =>
        BinaryPrimitives.ReadUInt32LittleEndian(block[8..]) == ChecksumOf(block[HeaderSize..], incarnation, position);

    private static uint ChecksumOf(ReadOnlySpan<byte> entries, long incarnation, long position) =>
        Checksum.Add(Checksum.Add(Checksum.Add(0, incarnation), position), entries);
}
