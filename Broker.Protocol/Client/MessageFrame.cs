using System.Buffers.Binary;

namespace Broker.Protocol.Client;

/// <summary>The data of a frame of <see cref="FrameType.Message"/>, read in place.</summary>
public readonly ref struct MessageFrame
{
    /// <summary>Bytes of a message id on the wire: lowercase hexadecimal digits.</summary>
    public const int IdSize = 16;

    /// <summary>Bytes before the body: publish time, attempts, id.</summary>
    public const int HeaderSize = IdOffset + IdSize;

    private const int AttemptsOffset = sizeof(long);
    private const int IdOffset = AttemptsOffset + sizeof(ushort);

    private readonly ReadOnlySpan<byte> _data;

    /// <summary>Reads the data of a message frame, or just the header of one whose body lies elsewhere.</summary>
    /// <exception cref="MalformedFrameException">The data is shorter than a message's header.</exception>
    public MessageFrame(ReadOnlySpan<byte> data)
    {
        if (data.Length < HeaderSize)
            throw new MalformedFrameException($"a message of {data.Length} bytes is shorter than its header");
        _data = data;
    }

    /// <summary>When the server accepted the message, in nanoseconds since the Unix epoch.</summary>
    public long Timestamp => BinaryPrimitives.ReadInt64BigEndian(_data);

    /// <summary>Number of deliveries so far, this one included.</summary>
    public int Attempts => BinaryPrimitives.ReadUInt16BigEndian(_data[AttemptsOffset..]);

    /// <summary>What FIN, REQ and TOUCH name the message by.</summary>
    public ReadOnlySpan<byte> Id => _data.Slice(IdOffset, IdSize);

    /// <summary>What was published.</summary>
    public ReadOnlySpan<byte> Body => _data[HeaderSize..];
}
