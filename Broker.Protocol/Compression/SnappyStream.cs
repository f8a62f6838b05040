using System.Buffers;
using System.Buffers.Binary;

namespace Broker.Protocol.Compression;

/// <summary>
/// Both directions of a connection in snappy's framing format (spec 1.7). Each write makes chunks and passes them on at once; a
/// read gives what the next chunk holds. It holds memory only while a chunk is half-read, and never more than one chunk.
/// </summary>
/// <param name="inner">What the chunks are read from and written to.</param>
/// <param name="leaveOpen">False: disposing of this disposes of it too.</param>
/// <remarks>One read and one write may be under way at a time. Only the asynchronous methods do anything.</remarks>
public sealed class SnappyStream(Stream inner, bool leaveOpen = false) : Stream
{
    private const int SkipBytes = 4096;

    private readonly byte[] _header = new byte[SnappyChunk.HeaderSize];
    private int _headerRead;
    private bool _isIdentified;
    private bool _isStarted;

    // The chunk's data as it comes, and the content that is not yet read; rented only while needed.
    private byte[]? _chunk;
    private int _chunkRead;
    private byte[]? _content;
    private int _contentStart;
    private int _contentEnd;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads content. A read of no bytes ends when there is content to read, or the end.</summary>
    /// <param name="buffer">Takes the content.</param>
    /// <param name="cancellationToken">Ends the waiting; the next read goes on where this one was.</param>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="InvalidDataException">What was sent is no such stream, or a checksum is wrong.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_contentStart == _contentEnd)
        {
            if (!await ReadChunkAsync(cancellationToken).ConfigureAwait(false))
                return 0;
        }
        int count = Math.Min(buffer.Length, _contentEnd - _contentStart);
        _content.AsSpan(_contentStart, count).CopyTo(buffer.Span);
        _contentStart += count;
        if (_contentStart == _contentEnd)
            Return(ref _content);
        return count;
    }

    /// <summary>Writes content as chunks.</summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            ReadOnlyMemory<byte> content = buffer[..Math.Min(buffer.Length, SnappyChunk.MaxContent)];
            buffer = buffer[content.Length..];
            int start = _isStarted ? 0 : SnappyChunk.Identifier.Length;
            byte[] chunk = ArrayPool<byte>.Shared.Rent(start + SnappyChunk.MaxSize(content.Length));
            try
            {
                SnappyChunk.Identifier[..start].CopyTo(chunk);
                int size = start + SnappyChunk.Write(content.Span, chunk.AsSpan(start));
                _isStarted = true;
                await inner.WriteAsync(chunk.AsMemory(0, size), cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(chunk);
            }
        }
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Does nothing: every write has passed on what it had.</summary>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Return(ref _chunk);
            Return(ref _content);
            _contentStart = _contentEnd = 0;
            if (!leaveOpen)
                inner.Dispose();
        }
        base.Dispose(disposing);
    }

    private static void Return(ref byte[]? array)
    {
        if (array is not null)
            ArrayPool<byte>.Shared.Return(array);
        array = null;
    }

    /// <summary>Reads one chunk to its end; every step can be cancelled and gone on with.</summary>
    /// <returns>False at the end of the stream.</returns>
    private async ValueTask<bool> ReadChunkAsync(CancellationToken cancellationToken)
    {
        while (_headerRead < SnappyChunk.HeaderSize)
        {
            int count = await inner.ReadAsync(_header.AsMemory(_headerRead), cancellationToken).ConfigureAwait(false);
            if (count == 0)
                return _headerRead == 0 ? false : throw Corrupt("ends within a chunk");
            _headerRead += count;
        }
        byte type = _header[0];
        int length = SnappyChunk.ReadLength(_header);
        if (!_isIdentified && type != SnappyChunk.StreamIdentifier)
            throw Corrupt("does not begin with its identifier");
        if (length > SnappyChunk.MaxLength(type))
            throw Corrupt("has a chunk that is too long or of a type that cannot be skipped");

        bool isSkipped = type is >= SnappyChunk.FirstSkippable and not SnappyChunk.StreamIdentifier;
        _chunk ??= ArrayPool<byte>.Shared.Rent(isSkipped ? SkipBytes : Math.Max(length, 1));
        while (_chunkRead < length)
        {
            Memory<byte> room = isSkipped
                ? _chunk.AsMemory(0, Math.Min(_chunk.Length, length - _chunkRead))
                : _chunk.AsMemory(_chunkRead, length - _chunkRead);
            int count = await inner.ReadAsync(room, cancellationToken).ConfigureAwait(false);
            if (count == 0)
                throw Corrupt("ends within a chunk");
            _chunkRead += count;
        }
        if (!isSkipped)
            Take(type, _chunk.AsSpan(0, length));
        Return(ref _chunk);
        _chunkRead = 0;
        _headerRead = 0;
        return true;
    }

    private void Take(byte type, ReadOnlySpan<byte> data)
    {
        if (type == SnappyChunk.StreamIdentifier)
        {
            if (!data.SequenceEqual(SnappyChunk.Identifier[SnappyChunk.HeaderSize..]))
                throw Corrupt("does not begin with its identifier");
            _isIdentified = true;
            return;
        }
        if (data.Length < SnappyChunk.ChecksumSize)
            throw Corrupt("has a chunk without a checksum");
        uint checksum = BinaryPrimitives.ReadUInt32LittleEndian(data);
        data = data[SnappyChunk.ChecksumSize..];

        int length = data.Length;
        if (type == SnappyChunk.Compressed)
        {
            _content = SnappyChunk.Decompress(data, out length) ?? throw Corrupt("has a chunk that cannot be decoded");
        }
        else
        {
            _content = ArrayPool<byte>.Shared.Rent(Math.Max(length, 1));
            data.CopyTo(_content);
        }
        Span<byte> content = _content.AsSpan(0, length);
        if (SnappyChunk.Checksum(content) != checksum)
            throw Corrupt("has a chunk with a wrong checksum");
        _contentStart = 0;
        _contentEnd = content.Length;
        if (content.IsEmpty)
            Return(ref _content);
    }

    private static InvalidDataException Corrupt(string how) => new($"The snappy stream {how}.");
}
