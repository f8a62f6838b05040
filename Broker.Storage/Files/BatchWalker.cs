using System.Buffers;
using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// Walks the batches of a segment from header to header. Where there is none it looks for the next one, and says how many bytes it
/// went over.
/// </summary>
internal sealed class BatchWalker : IDisposable
{
    private readonly IStorageFile _file;
    private readonly SegmentPlace _place;
    private readonly long _limit;
    private byte[] _buffer;
    private long _bufferPosition;
    private int _bufferLength;
    private long _next;

    /// <summary>Begins before the batch at a position.</summary>
    /// <param name="file">The segment.</param>
    /// <param name="place">Which segment it is.</param>
    /// <param name="position">Where to begin.</param>
    /// <param name="limit">Where the segment ends.</param>
    /// <param name="chunk">Bytes to read at once.</param>
    public BatchWalker(IStorageFile file, SegmentPlace place, long position, long limit, int chunk)
    {
        _file = file;
        _place = place;
        _limit = limit;
        _next = position;
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(limit - position, BatchHeader.FixedSize, chunk));
    }

    /// <summary>Header of the batch that was found.</summary>
    public BatchHeader Header { get; private set; }

    /// <summary>Where it stands.</summary>
    public long Position { get; private set; }

    /// <summary>Bytes before it (or before the end) that are no batch; of length 0 when all is well.</summary>
    public FileRange Skipped { get; private set; }

    /// <summary>Where the batch after it should stand.</summary>
    public long Next => _next;

    /// <summary>Finds the next batch; false when there is none.</summary>
    public bool MoveNext()
    {
        long expected = _next;
        long position = expected;
        while (position < _limit)
        {
            if (TryReadHeader(position, out BatchHeader header))
            {
                Skipped = new FileRange(expected, position - expected);
                Header = header;
                Position = position;
                _next = position + header.Size;
                return true;
            }
            position = FindMagic(position + 1);
        }
        Skipped = new FileRange(expected, Math.Max(0, _limit - expected));
        return false;
    }

    /// <summary>Due times of the batch that was found.</summary>
    public long[]? DueTimes() => Header.IsDeferred ? BatchHeader.DueTimes(Peek(Position, Header.HeaderSize)) : null;

    /// <summary>Reads the records of the batch that was found; null when they are damaged.</summary>
    public byte[]? ReadRecords()
    {
        byte[] records = GC.AllocateUninitializedArray<byte>(Header.RecordBytes);
        long position = Position + Header.HeaderSize;
        int buffered = 0;
        if (position >= _bufferPosition && position < _bufferPosition + _bufferLength)
        {
            int start = (int)(position - _bufferPosition);
            buffered = Math.Min(records.Length, _bufferLength - start);
            _buffer.AsSpan(start, buffered).CopyTo(records);
        }
        // What is not in the buffer goes straight into the batch.
        if (buffered < records.Length && _file.Read(records.AsSpan(buffered), position + buffered) < records.Length - buffered)
            return null;
        return Checksum.Add(0, records) == Header.RecordsChecksum ? records : null;
    }

    /// <summary>Whether the records of the batch that was found are as they were written.</summary>
    public bool AreRecordsIntact()
    {
        uint checksum = 0;
        long position = Position + Header.HeaderSize;
        for (int left = Header.RecordBytes; left > 0;)
        {
            ReadOnlySpan<byte> bytes = Peek(position, Math.Min(left, _buffer.Length));
            if (bytes.IsEmpty)
                return false;
            checksum = Checksum.Add(checksum, bytes);
            position += bytes.Length;
            left -= bytes.Length;
        }
        return checksum == Header.RecordsChecksum;
    }

    /// <summary>Gives the buffer back.</summary>
    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private bool TryReadHeader(long position, out BatchHeader header)
    {
        if (!BatchHeader.TryReadFixed(Peek(position, BatchHeader.FixedSize), out header)
            || header.Size > _limit - position
            || header.BaseOffset < _place.BaseOffset)
        {
            return false;
        }
        ReadOnlySpan<byte> whole = Peek(position, header.HeaderSize);
        return whole.Length == header.HeaderSize && BatchHeader.IsIntact(whole, _place.At(position));
    }

    private long FindMagic(long position)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, BatchHeader.Magic);
        while (position < _limit)
        {
            ReadOnlySpan<byte> bytes = Peek(position, Math.Min(_buffer.Length, (int)Math.Min(_limit - position, int.MaxValue)));
            int found = bytes.IndexOf(magic);
            if (found >= 0)
                return position + found;
            if (bytes.Length < magic.Length)
                break;
            position += bytes.Length - magic.Length + 1;
        }
        return _limit;
    }

    /// <summary>Up to <paramref name="count"/> bytes at a position; fewer only where the segment ends.</summary>
    private ReadOnlySpan<byte> Peek(long position, int count)
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
}
