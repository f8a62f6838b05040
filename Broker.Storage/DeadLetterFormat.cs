using System.Buffers.Binary;
using System.Text;
using Broker.Channels;

namespace Broker.Storage;

/// <summary>
/// A dead letter as bytes: version, cause, attempts (16 bits), number, offset, time (64 bits each), lengths of address and client id (16 bits each),
/// both as UTF-8, then the record; numbers little endian.
/// </summary>
internal static class DeadLetterFormat
{
    /// <summary>Bytes before the address.</summary>
    public const int HeaderSize = 32;

    private const byte Version = 1;

    /// <summary>A dead letter as bytes.</summary>
    public static byte[] Write(DeadLetter letter)
    {
        byte[] bytes = new byte[letter.Size];
        bytes[0] = Version;
        bytes[1] = (byte)letter.Cause;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2), letter.Attempts);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(4), letter.Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(12), letter.Offset);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(20), letter.Time);
        int address = Encoding.UTF8.GetBytes(letter.Address, bytes.AsSpan(HeaderSize));
        int client = Encoding.UTF8.GetBytes(letter.ClientId, bytes.AsSpan(HeaderSize + address));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(28), checked((ushort)address));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(30), checked((ushort)client));
        letter.Record.CopyTo(bytes.AsSpan(HeaderSize + address + client));
        return bytes;
    }

    /// <summary>The number of a dead letter.</summary>
    public static long NumberOf(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]);

    /// <summary>Reads a dead letter whose bytes are intact.</summary>
    /// <exception cref="StoreException">A newer version wrote it.</exception>
    public static DeadLetter Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] > Version)
            throw new StoreException($"a dead letter has format version {bytes[0]}, which is newer than {Version}, the newest that this version reads");
        int address = BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
        int client = BinaryPrimitives.ReadUInt16LittleEndian(bytes[30..]);
        return new DeadLetter
        {
            Cause = (DeadCause)bytes[1],
            Attempts = BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]),
            Number = NumberOf(bytes),
            Offset = BinaryPrimitives.ReadInt64LittleEndian(bytes[12..]),
            Time = BinaryPrimitives.ReadInt64LittleEndian(bytes[20..]),
            Address = Encoding.UTF8.GetString(bytes.Slice(HeaderSize, address)),
            ClientId = Encoding.UTF8.GetString(bytes.Slice(HeaderSize + address, client)),
            Record = bytes[(HeaderSize + address + client)..].ToArray(),
        };
    }
}
