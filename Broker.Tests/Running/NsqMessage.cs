using System.Buffers.Binary;
using System.Text;

namespace Broker.Tests.Running;

/// <summary>A delivered message (spec 1.2).</summary>
/// <param name="Timestamp">Nanoseconds since the Unix epoch.</param>
/// <param name="Attempts">Number of this delivery, from 1.</param>
/// <param name="Id">The 16 characters of the id.</param>
/// <param name="Body">The body.</param>
public sealed record NsqMessage(long Timestamp, int Attempts, string Id, byte[] Body)
{
    public const int HeaderSize = 26;

    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body);

    public static NsqMessage Parse(byte[] data) => new(
        BinaryPrimitives.ReadInt64BigEndian(data),
        BinaryPrimitives.ReadUInt16BigEndian(data.AsSpan(8)),
        Encoding.Latin1.GetString(data, 10, 16),
        data[HeaderSize..]);

    public override string ToString() => $"{Id} (attempt {Attempts}) \"{Text}\"";
}
