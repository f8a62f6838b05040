using System.Buffers.Binary;
using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>
/// What stands before each batch in a segment: 56 bytes, for a deferred batch followed by its due times, all numbers little endian.
/// </summary>
/// <remarks>
/// <code>
///  0 u32 magic          16 i64 base offset   40 i64 sequence
///  4 u8  version        24 i64 epoch         48 u32 CRC-32C of the records
///  5 u8  flags          32 i64 publisher     52 u32 CRC-32C of the header and the due times
///  6 u8  1 + sequence - lowest open sequence, 0 when that was not said (as by older versions)
///  8 i32 record bytes
/// 12 i32 count
/// </code>
/// The header's checksum begins with where the header stands (generation, segment, position). So a message body that happens to
/// contain a piece of a log, or what an older file left on the device, is never taken for a batch.
/// </remarks>
internal readonly record struct BatchHeader(
    long BaseOffset, int Count, int RecordBytes, bool IsDeferred, long Epoch, long Publisher, long Sequence, long Lowest, uint RecordsChecksum)
{
    /// <summary>Bytes of a header without due times.</summary>
    public const int FixedSize = 56;

    /// <summary>The first four bytes of every header.</summary>
    public const uint Magic = 0xB7_4C_0D_9E;

    private const byte Version = 1;
    private const byte DeferredFlag = 1;

    /// <summary>One past the offset of the last record.</summary>
    public long EndOffset => BaseOffset + Count;

    /// <summary>Bytes of the header with its due times.</summary>
    public int HeaderSize => SizeOf(Count, IsDeferred);

    /// <summary>Bytes of header and records.</summary>
    public long Size => (long)HeaderSize + RecordBytes;

    /// <summary>Body bytes of all records.</summary>
    public long BodyBytes => RecordBytes - (long)Count * MessageBatch.RecordHeaderSize;

    /// <summary>Describes a batch.</summary>
    public static BatchHeader Of(MessageBatch batch, long epoch, long publisher, long sequence, long lowest) => new(
        batch.BaseOffset,
        batch.Count,
        batch.Records.Length,
        batch.IsDeferred,
        epoch,
        publisher,
        sequence,
        lowest,
        Checksum.Add(0, batch.Records));

    /// <summary>Bytes of a header.</summary>
    public static int SizeOf(int count, bool isDeferred) => FixedSize + (isDeferred ? count * sizeof(long) : 0);

    /// <summary>Writes the header; returns its size.</summary>
    /// <param name="destination">Where to write.</param>
    /// <param name="dueTimes">Due times of a deferred batch.</param>
    /// <param name="place">Checksum of where the header will stand (<see cref="SegmentPlace.At"/>).</param>
    public int Write(Span<byte> destination, ReadOnlySpan<long> dueTimes, uint place)
    {
        int size = HeaderSize;
        destination[..FixedSize].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        destination[4] = Version;
        destination[5] = IsDeferred ? DeferredFlag : (byte)0;
        destination[6] = Lowest > 0 && Sequence - Lowest is >= 0 and < SequenceWindow.Size ? (byte)(1 + Sequence - Lowest) : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], RecordBytes);
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], Count);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], BaseOffset);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(destination[32..], Publisher);
        BinaryPrimitives.WriteInt64LittleEndian(destination[40..], Sequence);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[48..], RecordsChecksum);
        for (int i = 0; i < dueTimes.Length; i++)
            BinaryPrimitives.WriteInt64LittleEndian(destination[(FixedSize + i * sizeof(long))..], dueTimes[i]);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[52..], ChecksumOf(destination[..size], place));
        return size;
    }

    /// <summary>
    /// Reads the fixed part without verifying its checksum, for which the due times are needed too; false when it cannot be a header.
    /// </summary>
    public static bool TryReadFixed(ReadOnlySpan<byte> source, out BatchHeader header)
    {
        header = default;
        if (source.Length < FixedSize || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic || source[4] != Version)
            return false;
        int recordBytes = BinaryPrimitives.ReadInt32LittleEndian(source[8..]);
        int count = BinaryPrimitives.ReadInt32LittleEndian(source[12..]);
        if (count <= 0 || recordBytes < (long)count * MessageBatch.RecordHeaderSize)
            return false;
        long sequence = BinaryPrimitives.ReadInt64LittleEndian(source[40..]);
        header = new BatchHeader(
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            count,
            recordBytes,
            (source[5] & DeferredFlag) != 0,
            BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[32..]),
            sequence,
            source[6] == 0 ? 0 : sequence - source[6] + 1,
            BinaryPrimitives.ReadUInt32LittleEndian(source[48..]));
        return true;
    }

    /// <summary>Whether the header with its due times is what was once written to this place.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> header, uint place) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header[52..]) == ChecksumOf(header, place);

    /// <summary>The due times behind the fixed part.</summary>
    public static long[] DueTimes(ReadOnlySpan<byte> header)
    {
        long[] dueTimes = new long[(header.Length - FixedSize) / sizeof(long)];
        for (int i = 0; i < dueTimes.Length; i++)
            dueTimes[i] = BinaryPrimitives.ReadInt64LittleEndian(header[(FixedSize + i * sizeof(long))..]);
        return dueTimes;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> header, uint place) =>
        Checksum.Add(Checksum.Add(place, header[..52]), header[FixedSize..]);
}
