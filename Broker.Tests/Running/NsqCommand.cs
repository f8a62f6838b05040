using System.Buffers.Binary;
using System.Text;

namespace Broker.Tests.Running;

/// <summary>Bytes of commands as a client writes them; made here, so that a fault of the broker's own encoder cannot hide.</summary>
public static class NsqCommand
{
    public static readonly byte[] Magic = "  V2"u8.ToArray();

    /// <summary>A command without a body.</summary>
    public static byte[] Line(string line) => Text(line + "\n");

    /// <summary>Bytes of a text, one a character.</summary>
    public static byte[] Text(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A command with a body behind its length.</summary>
    public static byte[] WithBody(string line, params byte[] body) => WithLength(line, body.Length, body);

    /// <summary>A command with a length that need not be that of its body.</summary>
    public static byte[] WithLength(string line, int length, params byte[] body) => [.. Line(line), .. Length(length), .. body];

    public static byte[] Pub(string topic, string body) => WithBody($"PUB {topic}", Text(body));

    public static byte[] Dpub(string topic, string delay, string body) => WithBody($"DPUB {topic} {delay}", Text(body));

    public static byte[] Mpub(string topic, IEnumerable<string> bodies) => Mpub(topic, bodies.Select(Text));

    public static byte[] Mpub(string topic, IEnumerable<byte[]> bodies) => WithBody($"MPUB {topic}", Elements(bodies));

    public static byte[] Identify(string json) => WithBody("IDENTIFY", Encoding.UTF8.GetBytes(json));

    /// <summary>The body of an MPUB: count, then each element behind its length.</summary>
    public static byte[] Elements(IEnumerable<byte[]> bodies)
    {
        byte[][] elements = [.. bodies];
        return [.. Length(elements.Length), .. elements.SelectMany(element => (byte[])[.. Length(element.Length), .. element])];
    }

    public static byte[] Length(int length)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        return bytes;
    }
}
