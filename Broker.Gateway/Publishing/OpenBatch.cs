using System.Buffers;
using System.Buffers.Binary;
using Broker.Messages;

namespace Broker.Gateway.Publishing;

/// <summary>Where single messages gather, in pooled memory, until they are sealed into a batch of exactly their size.</summary>
internal sealed class OpenBatch
{
    private const int FirstSize = 4 * 1024;

    private byte[] _bytes = [];
    private int _length;
    private int _count;
    private List<long>? _dueTimes;
    private PublishCall? _call;

    /// <summary>Whether there is nothing to seal.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>Bytes of the records so far.</summary>
    public int Length => _length;

    /// <summary>Adds a message.</summary>
    /// <param name="timestamp">Publish time in nanoseconds since the Unix epoch.</param>
    /// <param name="body">The body, copied.</param>
    /// <param name="dueTime">When it is due, in milliseconds since the Unix epoch; null in a batch that is due at once.</param>
    /// <returns>The call that the message will go with.</returns>
    public PublishCall Add(long timestamp, in ReadOnlySequence<byte> body, long? dueTime)
    {
        int size = MessageBatch.RecordHeaderSize + (int)body.Length;
        if (_length + size > _bytes.Length)
            Grow(_length + size);
        WriteRecord(_bytes.AsSpan(_length), timestamp, body);
        _length += size;
        _count++;
        if (dueTime is long due)
            (_dueTimes ??= []).Add(due);
        return _call ??= new PublishCall();
    }

    /// <summary>Makes the batch and begins anew.</summary>
    public PublishCall Seal()
    {
        byte[] records = GC.AllocateUninitializedArray<byte>(_length);
        _bytes.AsSpan(0, _length).CopyTo(records);
        PublishCall call = _call!;
        call.Batch = new MessageBatch
        {
            BaseOffset = MessageBatch.Unassigned,
            Count = _count,
            Records = records,
            DueTimes = _dueTimes?.ToArray(),
        };
        // An idle topic keeps no buffer.
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _length = _count = 0;
        _dueTimes = null;
        _call = null;
        return call;
    }

    /// <summary>Writes one record; the body may lie in several segments.</summary>
    public static void WriteRecord(Span<byte> destination, long timestamp, in ReadOnlySequence<byte> body)
    {
        if (body.IsSingleSegment)
        {
            MessageBatch.WriteRecord(destination, timestamp, body.FirstSpan);
            return;
        }
        BinaryPrimitives.WriteInt32BigEndian(destination, (int)body.Length);
        BinaryPrimitives.WriteInt64BigEndian(destination[sizeof(int)..], timestamp);
        body.CopyTo(destination[MessageBatch.RecordHeaderSize..]);
    }

    private void Grow(int size)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Math.Max(Math.Max(size, FirstSize), _length * 4));
        _bytes.AsSpan(0, _length).CopyTo(bytes);
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = bytes;
    }
}
