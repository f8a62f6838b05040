using System.IO.Compression;

namespace Broker.Client;

/// <summary>Deflates what is written to another stream and inflates what is read from it. Flushing ends with a sync marker.</summary>
internal sealed class DeflateDuplexStream(Stream inner, int level) : Stream
{
    private readonly DeflateStream _reader = new(inner, CompressionMode.Decompress, leaveOpen: true);
    private readonly DeflateStream _writer = new(inner, new ZLibCompressionOptions { CompressionLevel = level }, leaveOpen: true);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _reader.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _writer.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _writer.FlushAsync(cancellationToken);

    public override void Flush() => _writer.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        // The deflaters are left to the collector: closing the writer would send what it holds into a socket that may be gone,
        // and closing the reader under a read that is still going on would free its memory.
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
