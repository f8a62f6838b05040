using System.Buffers;
using Broker.Gateway.Publishing;
using Broker.Messages;
using Broker.Serving.Http.Replies;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>The binary body of an <c>/mpub</c>: <c>[int32 count]([int32 length][bytes])…</c>, big endian (spec 3.2).</summary>
internal static class BinaryBody
{
    // A length field and a byte: what a message takes at least.
    private const int SmallestElement = sizeof(int) + 1;

    /// <summary>The messages, or what is wrong with them: all are good or none is taken. What follows the last is ignored.</summary>
    /// <param name="body">The body.</param>
    /// <param name="timestamp">Publish time in nanoseconds since the Unix epoch.</param>
    /// <param name="maxMessageSize">Greatest message in bytes.</param>
    /// <param name="maxBodySize">Greatest body in bytes, which bounds the count.</param>
    public static (MessageBatch? Batch, V1Error? Error) Parse(
        in ReadOnlySequence<byte> body, long timestamp, int maxMessageSize, int maxBodySize)
    {
        SequenceReader<byte> reader = new(body);
        if (!reader.TryReadBigEndian(out int count) || count <= 0 || count > (maxBodySize - sizeof(int)) / SmallestElement)
            return (null, V1Error.BadBody);
        SequenceReader<byte> elements = reader;
        long bodyBytes = 0;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadBigEndian(out int length) || length <= 0 || length > maxMessageSize || reader.Remaining < length)
                return (null, V1Error.BadMessage);
            reader.Advance(length);
            bodyBytes += length;
        }

        byte[] records = GC.AllocateUninitializedArray<byte>((int)bodyBytes + (count * MessageBatch.RecordHeaderSize));
        int position = 0;
        for (int i = 0; i < count; i++)
        {
            elements.TryReadBigEndian(out int length);
            OpenBatch.WriteRecord(records.AsSpan(position), timestamp, elements.UnreadSequence.Slice(0, length));
            elements.Advance(length);
            position += MessageBatch.RecordHeaderSize + length;
        }
        return (new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = count, Records = records }, null);
    }
}
