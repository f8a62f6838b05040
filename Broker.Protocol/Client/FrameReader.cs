using System.Buffers.Binary;

namespace Broker.Protocol.Client;

/// <summary>Cuts what a server sent into frames, in place.</summary>
public static class FrameReader
{
    /// <summary>Bytes before the data of a frame: its size and its type.</summary>
    public const int HeaderSize = 2 * sizeof(int);

    /// <summary>
    /// Largest accepted value of the size field, in bytes. Far above what a server sends, yet below what the first four
    /// letters of an HTTP answer look like, so that a wrong port is told from a large message.
    /// </summary>
    public const int MaxFrameSize = 1 << 30;

    /// <summary>Bytes of the type, which the size counts.</summary>
    public const int TypeSize = sizeof(int);

    /// <summary>Takes the first frame off <paramref name="input"/>; false, and nothing taken, while it is incomplete.</summary>
    /// <exception cref="MalformedFrameException">The size field cannot be one.</exception>
    public static bool TryRead(scoped ref ReadOnlySpan<byte> input, out Frame frame)
    {
        if (input.Length >= HeaderSize)
        {
            int size = CheckedSize(BinaryPrimitives.ReadInt32BigEndian(input));
            if (input.Length - sizeof(int) >= size)
            {
                frame = new Frame(
                    (FrameType)BinaryPrimitives.ReadInt32BigEndian(input[sizeof(int)..]),
                    input.Slice(HeaderSize, size - TypeSize));
                input = input[(sizeof(int) + size)..];
                return true;
            }
        }
        frame = default;
        return false;
    }

    /// <summary>
    /// Bytes, header included, of the frame that <paramref name="input"/> begins with: how much room a receive buffer
    /// needs before the frame can be complete. <see cref="HeaderSize"/> while even that is unknown.
    /// </summary>
    /// <exception cref="MalformedFrameException">The size field cannot be one.</exception>
    public static int RequiredLength(ReadOnlySpan<byte> input) => input.Length < sizeof(int)
        ? HeaderSize
        : sizeof(int) + CheckedSize(BinaryPrimitives.ReadInt32BigEndian(input));

    private static int CheckedSize(int size) =>
        size is >= TypeSize and <= MaxFrameSize ? size : throw Malformed(size);

    private static MalformedFrameException Malformed(int size) =>
        new($"a frame of {size} bytes was announced: this is not an NSQ server, or the stream is damaged");
}
