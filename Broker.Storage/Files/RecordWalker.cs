using System.Buffers;
using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// Walks the records of a file from one to the next. Where there is none it looks for the next one, and says how many bytes it went over.
/// </summary>
internal abstract class RecordWalker : IDisposable
{
    private readonly IStorageFile _file;
    private readonly uint _magic;
    private readonly long _limit;
    private byte[] _buffer;
    private long _bufferPosition;
    private int _bufferLength;

    /// <summary>Begins before the record at a position.</summary>
    /// <param name="file">The file.</param>
    /// <param name="magic">The first four bytes of every record, little endian.</param>
    /// <param name="position">Where to begin.</param>
    /// <param name="limit">Where the file ends.</param>
    /// <param name="chunk">Bytes to read at once.</param>
    protected RecordWalker(IStorageFile file, uint magic, long position, long limit, int chunk)
    {
        _file = file;
        _magic = magic;
        _limit = limit;
        Next = position;
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(limit - position, sizeof(uint), chunk));
    }

    /// <summary>Where the record that was found stands.</summary>
    public long Position { get; private set; }

    /// <summary>Where the record after it should stand.</summary>
    public long Next { get; private set; }

    /// <summary>Bytes before it (or before the end) that are no record; of length 0 when all is well.</summary>
    public FileRange Skipped { get; private set; }

    /// <summary>Finds the next record; false when there is none.</summary>
    public bool MoveNext()
    {
        long expected = Next;
        for (long position = expected; position < _limit; position = FindMagic(position + 1))
        {
            long size = SizeAt(position, _limit - position);
            if (size == 0)
                continue;
            Skipped = new FileRange(expected, position - expected);
            Position = position;
            Next = position + size;
            return true;
        }
        Skipped = new FileRange(expected, Math.Max(0, _limit - expected));
        return false;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    /// <summary>Bytes of the record at a position, of which there are <paramref name="most"/> at most; 0 when there is none.</summary>
    protected abstract long SizeAt(long position, long most);

    /// <summary>Up to <paramref name="count"/> bytes at a position; fewer only where the file ends. Valid until the next call.</summary>
    protected ReadOnlySpan<byte> Peek(long position, int count)
    {
        count = (int)Math.Min(count, _limit - position);
        if (count <= 0)
            return default;
        if (position < _bufferPosition || position + count > _bufferPosition + _bufferLength)
        {
            if (count > _buffer.Length)
            {
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = ArrayPool<byte>.Shared.Rent(count);
            }
            _bufferPosition = position;
            _bufferLength = 0;
            _bufferLength = _file.Read(_buffer.AsSpan(0, (int)Math.Min(_buffer.Length, _limit - position)), position);
        }
        int start = (int)(position - _bufferPosition);
        return _buffer.AsSpan(start, Math.Min(count, _bufferLength - start));
    }

    /// <summary>Fills a buffer from a position on, with what is not at hand straight from the file; false when the file ends before.</summary>
    protected bool TryFill(Span<byte> destination, long position)
    {
        if (position >= _bufferPosition && position < _bufferPosition + _bufferLength)
        {
            int start = (int)(position - _bufferPosition);
            int buffered = Math.Min(destination.Length, _bufferLength - start);
            _buffer.AsSpan(start, buffered).CopyTo(destination);
            destination = destination[buffered..];
            position += buffered;
        }
        return destination.IsEmpty || _file.Read(destination, position) == destination.Length;
    }

    private long FindMagic(long position)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, _magic);
        while (position < _limit)
        {
            ReadOnlySpan<byte> bytes = Peek(position, _buffer.Length);
            int found = bytes.IndexOf(magic);
            if (found >= 0)
                return position + found;
            if (bytes.Length < magic.Length)
                break;
            position += bytes.Length - magic.Length + 1;
        }
        return _limit;
    }
}
