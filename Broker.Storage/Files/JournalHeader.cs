using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>The first bytes of a channel's journal: magic, format version, incarnation, CRC-32C.</summary>
internal static class JournalHeader
{
    /// <summary>Bytes before the first block.</summary>
    public const int Size = 32;

    private const ulong Magic = 0x004E524A_4E484342; // "BCHNJRN"
    private const int Version = 1;

    public static byte[] Write(long incarnation)
    {
        byte[] header = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), incarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), Checksum.Add(0, header.AsSpan(0, 28)));
        return header;
    }

    /// <summary>The incarnation that the journal is of; null when its first bytes are damaged.</summary>
    /// <exception cref="StoreException">It is of a newer format.</exception>
    public static long? Read(ReadOnlySpan<byte> header, string path)
    {
        if (header.Length < Size
            || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(header[28..]) != Checksum.Add(0, header[..28]))
        {
            return null;
        }
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        return version > Version ? throw Fault.Newer(path, version, Version) : BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
    }
}
