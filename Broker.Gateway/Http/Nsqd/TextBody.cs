using System.Buffers;
using Broker.Gateway.Publishing;
using Broker.Messages;
using Broker.Serving.Http.Replies;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>The text body of an <c>/mpub</c>: a message a line. Empty lines are none, and the last needs no line end (spec 3.2).</summary>
internal static class TextBody
{
    /// <summary>The messages, or what is wrong with them; neither when there are no messages, which is fine.</summary>
    /// <param name="body">The body.</param>
    /// <param name="timestamp">Publish time in nanoseconds since the Unix epoch.</param>
    /// <param name="maxMessageSize">Greatest message in bytes.</param>
    public static (MessageBatch? Batch, V1Error? Error) Parse(in ReadOnlySequence<byte> body, long timestamp, int maxMessageSize)
    {
        int count = 0;
        long bodyBytes = 0;
        SequenceReader<byte> reader = new(body);
        while (TryReadLine(ref reader, out ReadOnlySequence<byte> line))
        {
            if (line.Length > maxMessageSize)
                return (null, V1Error.MessageTooBig);
            count++;
            bodyBytes += line.Length;
        }
        if (count == 0)
            return (null, null);

        byte[] records = GC.AllocateUninitializedArray<byte>((int)bodyBytes + (count * MessageBatch.RecordHeaderSize));
        int position = 0;
        reader = new SequenceReader<byte>(body);
        while (TryReadLine(ref reader, out ReadOnlySequence<byte> line))
        {
            OpenBatch.WriteRecord(records.AsSpan(position), timestamp, line);
            position += MessageBatch.RecordHeaderSize + (int)line.Length;
        }
        return (new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = count, Records = records }, null);
    }

    private static bool TryReadLine(ref SequenceReader<byte> reader, out ReadOnlySequence<byte> line)
    {
        reader.AdvancePast((byte)'\n');
        if (reader.TryReadTo(out line, (byte)'\n'))
            return true;
        line = reader.UnreadSequence;
        reader.AdvanceToEnd();
        return !line.IsEmpty;
    }
}
