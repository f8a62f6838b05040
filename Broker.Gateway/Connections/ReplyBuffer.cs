using System.Buffers;
using Broker.Protocol;

namespace Broker.Gateway.Connections;

/// <summary>Frames that answer commands, in order, on their way to the output. Holds memory only while there are any.</summary>
internal struct ReplyBuffer
{
    private byte[]? _bytes;
    private int _length;

    /// <summary>Whether there is nothing to send.</summary>
    public readonly bool IsEmpty => _length == 0;

    /// <summary>The frames.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Adds a whole frame, several times.</summary>
    public void AddFrame(ReadOnlySpan<byte> frame, int times = 1)
    {
        Span<byte> destination = Extend(frame.Length * times);
        for (int i = 0; i < times; i++)
            frame.CopyTo(destination[(i * frame.Length)..]);
    }

    /// <summary>Adds a response.</summary>
    public void AddResponse(ReadOnlySpan<byte> data) => Frame.Write(Extend(Frame.HeaderSize + data.Length), FrameType.Response, data);

    /// <summary>Adds an error.</summary>
    public void AddError(ProtocolError error) => Frame.Write(Extend(Frame.HeaderSize + error.Data.Length), FrameType.Error, error.Data);

    /// <summary>Adds the frames of another and empties it.</summary>
    public void Take(ref ReplyBuffer other)
    {
        if (_bytes is null)
        {
            this = other;
            other = default;
            return;
        }
        other.Bytes.CopyTo(Extend(other._length));
        other.Clear();
    }

    /// <summary>Gives the memory back.</summary>
    public void Clear()
    {
        if (_bytes is not null)
            ArrayPool<byte>.Shared.Return(_bytes);
        this = default;
    }

    private Span<byte> Extend(int by)
    {
        if (_bytes is null || _length + by > _bytes.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + by, Math.Max(256, _length * 2)));
            if (_bytes is not null)
            {
                Bytes.CopyTo(larger);
                ArrayPool<byte>.Shared.Return(_bytes);
            }
            _bytes = larger;
        }
        _length += by;
        return _bytes.AsSpan(_length - by, by);
    }
}
