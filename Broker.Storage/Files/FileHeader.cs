using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// The first bytes of a segment, a journal, or a segment of dead letters: 8 bytes of magic, format version, two numbers that say whose it is, and from 28
/// on the CRC-32C of what stands before; numbers little endian.
/// </summary>
/// <param name="Generation">Generation of the topic; 0 in what belongs to a channel.</param>
/// <param name="Identity">Base offset of a segment, incarnation of the channel in the others.</param>
internal readonly record struct FileHeader(int Generation, long Identity)
{
    /// <summary>Bytes before the first record.</summary>
    public const int Size = 32;

    /// <summary>Magic of a segment: "BLOGSEG".</summary>
    public const ulong Segment = 0x00474553_474F4C42;

    /// <summary>Magic of a journal: "BCHNJRN".</summary>
    public const ulong Journal = 0x004E524A_4E484342;

    /// <summary>Magic of a segment of dead letters: "BDEADLT".</summary>
    public const ulong DeadLetters = 0x00544C44_41454442;

    private const int Version = 1;

    /// <summary>The header as bytes.</summary>
    public byte[] Write(ulong magic)
    {
        byte[] header = new byte[Size];
        BinaryPrimitives.WriteUInt64LittleEndian(header, magic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), Generation);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), Identity);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(28), Checksum.Add(0, header.AsSpan(0, 28)));
        return header;
    }

    /// <summary>Reads a file's header; null when it is damaged.</summary>
    /// <exception cref="StoreException">It is of a newer format.</exception>
    public static FileHeader? Read(IStorageFile file, ulong magic, string path)
    {
        Span<byte> header = stackalloc byte[Size];
        if (file.Read(header, 0) < Size
            || BinaryPrimitives.ReadUInt64LittleEndian(header) != magic
            || BinaryPrimitives.ReadUInt32LittleEndian(header[28..]) != Checksum.Add(0, header[..28]))
        {
            return null;
        }
        int version = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        if (version > Version)
            throw Fault.Newer(path, version, Version);
        return new FileHeader(BinaryPrimitives.ReadInt32LittleEndian(header[12..]), BinaryPrimitives.ReadInt64LittleEndian(header[16..]));
    }
}
