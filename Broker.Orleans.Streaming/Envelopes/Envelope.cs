using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Orleans.Runtime;

namespace Broker.Orleans.Streaming.Envelopes;

/// <summary>
/// A message of a queue: a stream's name and events. The binary one is described byte by byte in docs/streams.md; one that begins with
/// <c>{</c> is <see cref="JsonEnvelope"/>.
/// </summary>
internal sealed class Envelope(EventBodies bodies)
{
    public const byte Version = 1;

    private const int HeaderSize = 8;
    private const byte HasTrace = 1;
    private const byte HasContext = 2;

    /// <summary>Writes events in a format, with the span that is current.</summary>
    public byte[] Write<T>(StreamBodyFormat format, StreamId stream, IEnumerable<T> events, Dictionary<string, object>? context)
    {
        if (context is { Count: 0 }) context = null;
        Activity? span = Activity.Current is { IdFormat: ActivityIdFormat.W3C } current ? current : null;
        return format == StreamBodyFormat.Json
            ? JsonEnvelope.Write(stream, EventBodies.WriteJson(events), context, span)
            : WriteBinary(stream, bodies.WriteOrleans(events), context, span);
    }

    /// <summary>Reads a message.</summary>
    /// <exception cref="MalformedEnvelopeException">It is no envelope, or of a newer version.</exception>
    public (StreamId Stream, EventBody Body) Read(ReadOnlySpan<byte> message)
    {
        if (message.IsEmpty) throw new MalformedEnvelopeException("the message is empty");
        try
        {
            return message[0] == (byte)'{' ? JsonEnvelope.Read(message) : ReadBinary(message);
        }
        catch (Exception e) when (e is not MalformedEnvelopeException)
        {
            throw new MalformedEnvelopeException("the message is no envelope: " + e.Message, e);
        }
    }

    private byte[] WriteBinary(StreamId stream, byte[] events, Dictionary<string, object>? context, Activity? span)
    {
        ArrayBufferWriter<byte> writer = new(HeaderSize + stream.FullKey.Length + events.Length + 64);
        Span<byte> header = writer.GetSpan(HeaderSize);
        header[0] = Version;
        header[1] = (byte)((span is null ? 0 : HasTrace) | (context is null ? 0 : HasContext));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], checked((ushort)stream.Namespace.Length));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)stream.Key.Length);
        writer.Advance(HeaderSize);
        writer.Write(stream.Namespace.Span);
        writer.Write(stream.Key.Span);
        if (span is not null)
        {
            WriteCounted(writer, Encoding.ASCII.GetBytes(span.Id!));
            WriteCounted(writer, Encoding.ASCII.GetBytes(span.TraceStateString ?? ""));
        }
        if (context is not null) WriteCounted(writer, bodies.WriteContext(context));
        writer.Write(events);
        return writer.WrittenSpan.ToArray();
    }

    private (StreamId Stream, EventBody Body) ReadBinary(ReadOnlySpan<byte> message)
    {
        if (message[0] != Version)
            throw new MalformedEnvelopeException($"the message is no envelope of version {Version}; its first byte is {message[0]}");
        byte flags = message[1];
        if ((flags & ~(HasTrace | HasContext)) != 0)
            throw new MalformedEnvelopeException($"the envelope's flags {flags} are of a newer version of this library");
        int namespaceLength = BinaryPrimitives.ReadUInt16LittleEndian(message[2..]);
        int keyLength = checked((int)BinaryPrimitives.ReadUInt32LittleEndian(message[4..]));
        ReadOnlySpan<byte> rest = message[HeaderSize..];
        StreamId stream = StreamId.Create(rest[..namespaceLength], rest.Slice(namespaceLength, keyLength));
        rest = rest[(namespaceLength + keyLength)..];
        string? traceParent = null;
        string? traceState = null;
        if ((flags & HasTrace) != 0)
        {
            traceParent = Encoding.ASCII.GetString(ReadCounted(ref rest));
            traceState = Encoding.ASCII.GetString(ReadCounted(ref rest));
        }
        Dictionary<string, object>? context = (flags & HasContext) == 0 ? null : bodies.ReadContext(ReadCounted(ref rest));
        return (stream, new EventBody(StreamBodyFormat.Orleans, rest.ToArray(), context, traceParent, traceState));
    }

    private static void WriteCounted(ArrayBufferWriter<byte> writer, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(writer.GetSpan(sizeof(uint)), (uint)bytes.Length);
        writer.Advance(sizeof(uint));
        writer.Write(bytes);
    }

    private static ReadOnlySpan<byte> ReadCounted(ref ReadOnlySpan<byte> rest)
    {
        int length = checked((int)BinaryPrimitives.ReadUInt32LittleEndian(rest));
        ReadOnlySpan<byte> bytes = rest.Slice(sizeof(uint), length);
        rest = rest[(sizeof(uint) + length)..];
        return bytes;
    }
}
