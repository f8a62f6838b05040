using System.IO.Compression;

namespace Broker.Protocol.Compression;

/// <summary>
/// Both directions of a connection in raw deflate, RFC 1951 without a zlib or gzip header (spec 1.7). Each flush ends with a
/// sync marker, so what was written can be read without waiting for more.
/// </summary>
/// <remarks>
/// One read and one write may be under way at a time. Only the asynchronous methods do anything. The stream below is left open,
/// and disposing writes nothing to it: a connection that ends need not end its compression, and the peer may not be reading.
/// </remarks>
public sealed class RawDeflateStream : Stream
{
    private readonly Outlet _outlet;
    private readonly DeflateStream _inflater;
    private readonly DeflateStream _deflater;

    /// <param name="inner">What is read from and written to.</param>
    /// <param name="level">1, the fastest, to 9, the smallest.</param>
    public RawDeflateStream(Stream inner, int level)
    {
        _outlet = new Outlet(inner);
        _inflater = new DeflateStream(inner, CompressionMode.Decompress, leaveOpen: true);
        _deflater = new DeflateStream(_outlet, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true);
    }

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

    /// <summary>Reads what was compressed; never more than the buffer takes, however small its compressed form is.</summary>
    /// <exception cref="InvalidDataException">What was sent is no such stream.</exception>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _inflater.ReadAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _deflater.WriteAsync(buffer, cancellationToken);

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => _deflater.FlushAsync(cancellationToken);

    /// <inheritdoc/>
    public override void Flush() => throw new NotSupportedException();

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
            _outlet.IsShut = true;
            _deflater.Dispose();
            _inflater.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>Passes on what the deflater writes, until it is shut; what comes then is what ends the compression.</summary>
    private sealed class Outlet(Stream inner) : Stream
    {
        public bool IsShut { get; set; }

        public override bool CanRead => false;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
            IsShut ? ValueTask.CompletedTask : inner.WriteAsync(buffer, cancellationToken);

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override Task FlushAsync(CancellationToken cancellationToken) =>
            IsShut ? Task.CompletedTask : inner.FlushAsync(cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => Discard();

        public override void Write(ReadOnlySpan<byte> buffer) => Discard();

        public override void Flush() => Discard();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Discard()
        {
            if (!IsShut)
                throw new NotSupportedException();
        }
    }
}
