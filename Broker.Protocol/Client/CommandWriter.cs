using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;

namespace Broker.Protocol.Client;

/// <summary>Writes the commands of the NSQ V2 protocol as a client sends them; allocates nothing.</summary>
/// <remarks>Names and sizes are not judged here: the server does that, and says why.</remarks>
public static class CommandWriter
{
    /// <summary>Bytes that <see cref="WriteFinish"/> writes.</summary>
    public const int FinishSize = 4 + MessageFrame.IdSize + 1;

    private const int MaxNumberSize = 20;

    /// <summary>The four bytes that open a connection and choose the protocol.</summary>
    public static ReadOnlySpan<byte> Magic => "  V2"u8;

    /// <summary>Settings of this connection, as UTF-8 JSON.</summary>
    public static void WriteIdentify(this IBufferWriter<byte> output, ReadOnlySpan<byte> json)
    {
        output.Write("IDENTIFY\n"u8);
        WriteSized(output, json);
    }

    /// <summary>Logs in with a secret.</summary>
    public static void WriteAuth(this IBufferWriter<byte> output, ReadOnlySpan<byte> secret)
    {
        output.Write("AUTH\n"u8);
        WriteSized(output, secret);
    }

    /// <summary>Subscribes this connection to a channel.</summary>
    public static void WriteSubscribe(this IBufferWriter<byte> output, ReadOnlySpan<char> topic, ReadOnlySpan<char> channel)
    {
        output.Write("SUB "u8);
        WriteText(output, topic);
        output.Write(" "u8);
        WriteText(output, channel);
        output.Write("\n"u8);
    }

    /// <summary>Publishes one message.</summary>
    public static void WritePublish(this IBufferWriter<byte> output, ReadOnlySpan<char> topic, ReadOnlySpan<byte> body)
    {
        output.Write("PUB "u8);
        WriteText(output, topic);
        output.Write("\n"u8);
        WriteSized(output, body);
    }

    /// <summary>Publishes messages that are accepted or refused together.</summary>
    public static void WriteMultiPublish(
        this IBufferWriter<byte> output, ReadOnlySpan<char> topic, ReadOnlySpan<ReadOnlyMemory<byte>> bodies)
    {
        int size = sizeof(int);
        foreach (ReadOnlyMemory<byte> body in bodies)
            size = checked(size + sizeof(int) + body.Length);
        output.Write("MPUB "u8);
        WriteText(output, topic);
        output.Write("\n"u8);
        WriteInt32(output, size);
        WriteInt32(output, bodies.Length);
        foreach (ReadOnlyMemory<byte> body in bodies)
            WriteSized(output, body.Span);
    }

    /// <summary>Publishes one message that is delivered after a delay, at millisecond precision.</summary>
    public static void WriteDeferredPublish(
        this IBufferWriter<byte> output, ReadOnlySpan<char> topic, TimeSpan delay, ReadOnlySpan<byte> body)
    {
        output.Write("DPUB "u8);
        WriteText(output, topic);
        output.Write(" "u8);
        WriteMilliseconds(output, delay);
        output.Write("\n"u8);
        WriteSized(output, body);
    }

    /// <summary>Allows the server up to <paramref name="count"/> messages in flight on this connection.</summary>
    public static void WriteReady(this IBufferWriter<byte> output, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        output.Write("RDY "u8);
        WriteNumber(output, count);
        output.Write("\n"u8);
    }

    /// <summary>Done with a message.</summary>
    public static void WriteFinish(this IBufferWriter<byte> output, ReadOnlySpan<byte> id)
    {
        CheckId(id);
        Span<byte> line = output.GetSpan(FinishSize)[..FinishSize];
        "FIN "u8.CopyTo(line);
        id.CopyTo(line[4..]);
        line[^1] = (byte)'\n';
        output.Advance(FinishSize);
    }

    /// <summary>Gives a message back, to be delivered again after a delay, at millisecond precision.</summary>
    public static void WriteRequeue(this IBufferWriter<byte> output, ReadOnlySpan<byte> id, TimeSpan delay)
    {
        CheckId(id);
        output.Write("REQ "u8);
        output.Write(id);
        output.Write(" "u8);
        WriteMilliseconds(output, delay);
        output.Write("\n"u8);
    }

    /// <summary>Asks for a message's whole timeout anew.</summary>
    public static void WriteTouch(this IBufferWriter<byte> output, ReadOnlySpan<byte> id)
    {
        CheckId(id);
        output.Write("TOUCH "u8);
        output.Write(id);
        output.Write("\n"u8);
    }

    /// <summary>Asks for no more messages, before closing.</summary>
    public static void WriteClose(this IBufferWriter<byte> output) => output.Write("CLS\n"u8);

    /// <summary>A sign of life.</summary>
    public static void WriteNop(this IBufferWriter<byte> output) => output.Write("NOP\n"u8);

    private static void WriteSized(IBufferWriter<byte> output, ReadOnlySpan<byte> body)
    {
        WriteInt32(output, body.Length);
        output.Write(body);
    }

    private static void WriteInt32(IBufferWriter<byte> output, int value)
    {
        BinaryPrimitives.WriteInt32BigEndian(output.GetSpan(sizeof(int)), value);
        output.Advance(sizeof(int));
    }

    private static void WriteText(IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        Span<byte> destination = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, destination));
    }

    private static void WriteMilliseconds(IBufferWriter<byte> output, TimeSpan delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        WriteNumber(output, delay.Ticks / TimeSpan.TicksPerMillisecond);
    }

    private static void WriteNumber(IBufferWriter<byte> output, long value)
    {
        bool fits = value.TryFormat(output.GetSpan(MaxNumberSize), out int written);
        Debug.Assert(fits, "20 bytes hold any 64-bit number");
        output.Advance(written);
    }

    private static void CheckId(ReadOnlySpan<byte> id)
    {
        if (id.Length != MessageFrame.IdSize)
            throw new ArgumentException($"a message id has {MessageFrame.IdSize} bytes, not {id.Length}", nameof(id));
    }
}
