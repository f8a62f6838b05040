using System.Buffers;
using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>Walks the blocks of a journal; where there is none it looks for the next one.</summary>
internal sealed class JournalWalker(IStorageFile file, long incarnation, long start, long limit) : IDisposable
{
    private const int Chunk = 256 << 10;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(limit - start, JournalBlock.HeaderSize, Chunk));
    private long _bufferPosition;
    private int _bufferLength;
    private int _length;

    /// <summary>Where the block that was found stands.</summary>
    public long Position { get; private set; }

    /// <summary>Where the block after it should stand.</summary>
    public long Next { get; private set; } = start;

    /// <summary>Bytes before it (or before the end) that are no block.</summary>
    public FileRange Skipped { get; private set; }

    /// <summary>The entries of the block; valid until the next call.</summary>
    public ReadOnlySpan<byte> Entries => Peek(Position, JournalBlock.HeaderSize + _length)[JournalBlock.HeaderSize..];

    /// <summary>Finds the next block; false when there is none.</summary>
    public bool MoveNext()
    {
        long expected = Next;
        for (long position = expected; position < limit; position = FindMagic(position + 1))
        {
            if (JournalBlock.Length(Peek(position, JournalBlock.HeaderSize)) is not { } length
                || length > limit - position - JournalBlock.HeaderSize
                || !JournalBlock.IsIntact(Peek(position, JournalBlock.HeaderSize + length), incarnation, position))
            {
                continue;
            }
            Skipped = new FileRange(expected, position - expected);
            Position = position;
            _length = length;
            Next = position + JournalBlock.HeaderSize + length;
            return true;
        }
        Skipped = new FileRange(expected, Math.Max(0, limit - expected));
        return false;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private long FindMagic(long position)
    {
        Span<byte> magic = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(magic, JournalBlock.Magic);
        while (position < limit)
        {
            ReadOnlySpan<byte> bytes = Peek(position, _buffer.Length);
            int found = bytes.IndexOf(magic);
            if (found >= 0)
                return position + found;
            if (bytes.Length < magic.Length)
                break;
            position += bytes.Length - magic.Length + 1;
        }
        return limit;
    }

    private ReadOnlySpan<byte> Peek(long position, int count)
    {
        count = (int)Math.Min(count, limit - position);
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
            _bufferLength = file.Read(_buffer.AsSpan(0, (int)Math.Min(_buffer.Length, limit - position)), position);
        }
        int from = (int)(position - _bufferPosition);
        return _buffer.AsSpan(from, Math.Min(count, _bufferLength - from));
    }
}
