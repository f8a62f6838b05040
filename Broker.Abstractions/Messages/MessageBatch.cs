using System.Buffers.Binary;
using Orleans;

namespace Broker.Messages;

/// <summary>
/// An immutable run of messages with consecutive offsets in one contiguous buffer: the unit that is parsed, published,
/// logged, offered to channels and delivered.
/// </summary>
/// <remarks>
/// A record is <c>[int32 body length][int64 publish time, ns since the Unix epoch][body]</c>, integers big endian, records
/// back to back. The n-th record (0-based) has the offset <see cref="BaseOffset"/> + n. The buffer is owned by the garbage
/// collector and never written after the batch was made.
/// </remarks>
[GenerateSerializer, Immutable, Alias("Broker.MessageBatch")]
public sealed class MessageBatch
{
    /// <summary>Bytes that a record takes besides its body.</summary>
    public const int RecordHeaderSize = sizeof(int) + sizeof(long);

    /// <summary><see cref="BaseOffset"/> of a batch to which the topic has not assigned offsets yet.</summary>
    public const long Unassigned = -1;

    /// <summary>Offset of the first record, or <see cref="Unassigned"/>.</summary>
    [Id(0)] public required long BaseOffset { get; init; }

    /// <summary>Number of records, at least 1.</summary>
    [Id(1)] public required int Count { get; init; }

    /// <summary>The records; all of the array is used.</summary>
    [Id(2)] public required byte[] Records { get; init; }

    /// <summary>
    /// For a deferred batch: when each record is due, in milliseconds since the Unix epoch, one entry a record. Null for
    /// a batch that is due at once. A batch is never mixed.
    /// </summary>
    [Id(3)] public long[]? DueTimes { get; init; }

    /// <summary>One past the offset of the last record.</summary>
    public long EndOffset => BaseOffset + Count;

    /// <summary>Whether the records carry due times.</summary>
    public bool IsDeferred => DueTimes is not null;

    /// <summary>Sum of the body lengths in bytes.</summary>
    public long BodyBytes => Records.Length - (long)Count * RecordHeaderSize;

    /// <summary>The same records with offsets assigned from <paramref name="baseOffset"/> on; shares the buffer.</summary>
    public MessageBatch At(long baseOffset) =>
        new() { BaseOffset = baseOffset, Count = Count, Records = Records, DueTimes = DueTimes };

    /// <summary>Position in <see cref="Records"/> of the record with the given 0-based index; walks the records before it.</summary>
    public int PositionOf(int index)
    {
        int position = 0;
        for (int i = 0; i < index; i++)
            position += SizeAt(position);
        return position;
    }

    /// <summary>Bytes taken by the record at <paramref name="position"/>, header included.</summary>
    public int SizeAt(int position) => RecordHeaderSize + BinaryPrimitives.ReadInt32BigEndian(Records.AsSpan(position));

    /// <summary>Publish time of the record at <paramref name="position"/>, in nanoseconds since the Unix epoch.</summary>
    public long TimestampAt(int position) => BinaryPrimitives.ReadInt64BigEndian(Records.AsSpan(position + sizeof(int)));

    /// <summary>Body of the record at <paramref name="position"/>.</summary>
    public ReadOnlyMemory<byte> BodyAt(int position) =>
        Records.AsMemory(position + RecordHeaderSize, BinaryPrimitives.ReadInt32BigEndian(Records.AsSpan(position)));

    /// <summary>A copy of the record at <paramref name="position"/> by itself, which does not keep this batch in memory.</summary>
    public MessageBatch Single(int position, long offset) =>
        new() { BaseOffset = offset, Count = 1, Records = Records.AsSpan(position, SizeAt(position)).ToArray() };

    /// <summary>Writes one record to the start of <paramref name="destination"/> and returns its size in bytes.</summary>
    public static int WriteRecord(Span<byte> destination, long timestamp, ReadOnlySpan<byte> body)
    {
        BinaryPrimitives.WriteInt32BigEndian(destination, body.Length);
        BinaryPrimitives.WriteInt64BigEndian(destination[sizeof(int)..], timestamp);
        body.CopyTo(destination[RecordHeaderSize..]);
        return RecordHeaderSize + body.Length;
    }

    /// <summary>A batch of the given bodies, all with one publish time and no offsets assigned yet.</summary>
    public static MessageBatch Create(long timestamp, params ReadOnlySpan<byte[]> bodies)
    {
        int size = 0;
        foreach (byte[] body in bodies)
            size += RecordHeaderSize + body.Length;
        byte[] records = GC.AllocateUninitializedArray<byte>(size);
        int position = 0;
        foreach (byte[] body in bodies)
            position += WriteRecord(records.AsSpan(position), timestamp, body);
        return new MessageBatch { BaseOffset = Unassigned, Count = bodies.Length, Records = records };
    }
}
