using System.Buffers;
using System.Buffers.Binary;

namespace Broker.Protocol;

/// <summary>
/// Validates the body of an MPUB, <c>[int32 total][int32 count]([int32 length][bytes])…</c>, as it arrives. It can be called
/// again with more bytes and then goes on where it stopped: no byte is looked at twice, however the body is cut into reads.
/// </summary>
/// <remarks>
/// As in nsqd the total is only range-checked, and count and lengths say where the body ends (spec 1.6). So that such a body
/// cannot fill the memory, what the elements take altogether is held to the same limit as the total.
/// </remarks>
public struct MultiPublishBody(int maxMessageSize, int maxBodySize)
{
    private const int PrefixSize = 2 * sizeof(int);

    // Bytes from the start of the body to where the next length field stands; what lies between is an element's bytes.
    private long _next;
    private bool _hasTotal;

    /// <summary>What the body says it is long, in bytes, once known; where it ends its lengths say.</summary>
    public int Declared { get; private set; }

    /// <summary>Number of messages, once known.</summary>
    public int Count { get; private set; }

    /// <summary>Messages whose length field was read and found good.</summary>
    public int Seen { get; private set; }

    /// <summary>Bytes of the whole body, the total's field included, as far as known; exact when it is complete.</summary>
    public readonly long Length => _next;

    /// <summary>Sum of the message lengths in bytes, as far as known.</summary>
    public readonly long MessageBytes => Count == 0 ? 0 : _next - PrefixSize - ((long)Seen * sizeof(int));

    /// <summary>Looks at what has arrived.</summary>
    /// <param name="body">All of the body that has arrived, from the total's field on.</param>
    /// <param name="error">What is wrong with it, as soon as that can be seen.</param>
    /// <returns>Done, NeedMoreData or InvalidData.</returns>
    public OperationStatus Advance(in ReadOnlySequence<byte> body, out ProtocolError? error)
    {
        error = null;
        long available = body.Length;
        if (_next + sizeof(int) > available && !IsComplete)
            return OperationStatus.NeedMoreData;

        SequenceReader<byte> reader = new(body);
        reader.Advance(Math.Min(_next, available));
        if (!_hasTotal)
        {
            reader.TryReadBigEndian(out int total);
            if (total <= 0)
                error = ProtocolError.InvalidBodySize(CommandVerb.Mpub, total);
            else if (total > maxBodySize)
                error = ProtocolError.BodyTooBig(CommandVerb.Mpub, total, maxBodySize);
            if (error is not null)
                return OperationStatus.InvalidData;
            _hasTotal = true;
            Declared = total;
            _next = sizeof(int);
        }
        if (Count == 0)
        {
            if (!reader.TryReadBigEndian(out int count))
                return OperationStatus.NeedMoreData;
            if (count <= 0 || count > (maxBodySize - sizeof(int)) / (sizeof(int) + 1))
            {
                error = ProtocolError.InvalidMessageCount(count);
                return OperationStatus.InvalidData;
            }
            Count = count;
            _next = PrefixSize;
        }
        while (Seen < Count)
        {
            if (!TryReadLength(ref reader, out int length))
                return OperationStatus.NeedMoreData;
            if (length <= 0)
                error = ProtocolError.InvalidMessageSize(Seen, length);
            else if (length > maxMessageSize)
                error = ProtocolError.MessageTooBig(CommandVerb.Mpub, length, maxMessageSize);
            else if (_next + length > maxBodySize)
                error = ProtocolError.BodyTooBig(CommandVerb.Mpub, _next + length, maxBodySize);
            if (error is not null)
                return OperationStatus.InvalidData;
            Seen++;
            _next += sizeof(int) + length;
            if (_next > available)
                return OperationStatus.NeedMoreData;
            reader.Advance(length);
        }
        return IsComplete && available >= _next ? OperationStatus.Done : OperationStatus.NeedMoreData;
    }

    /// <summary>The error of a body that ends, or stays away, after <paramref name="available"/> bytes.</summary>
    public readonly ProtocolError Truncated(long available)
    {
        if (!_hasTotal)
            return ProtocolError.UnreadableBodySize(CommandVerb.Mpub);
        if (Count == 0)
            return ProtocolError.UnreadableMessageCount;
        return available < _next ? ProtocolError.UnreadableBody(CommandVerb.Mpub) : ProtocolError.UnreadableMessageSize(Seen);
    }

    private readonly bool IsComplete => Count > 0 && Seen == Count;

    // SequenceReader's own TryReadBigEndian is not inlined; nearly all fields lie within one segment.
    private static bool TryReadLength(ref SequenceReader<byte> reader, out int length)
    {
        ReadOnlySpan<byte> unread = reader.UnreadSpan;
        if (unread.Length < sizeof(int))
            return reader.TryReadBigEndian(out length);
        length = BinaryPrimitives.ReadInt32BigEndian(unread);
        reader.Advance(sizeof(int));
        return true;
    }
}
