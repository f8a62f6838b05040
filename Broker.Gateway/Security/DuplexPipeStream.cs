using System.Buffers;
using System.IO.Pipelines;

namespace Broker.Gateway.Security;

/// <summary>A connection's pipes as the stream that TLS and compression want. Only the asynchronous methods do anything.</summary>
internal sealed class DuplexPipeStream(IDuplexPipe pipe) : Stream
{
    private readonly PipeReader _input = pipe.Input;
    private readonly PipeWriter _output = pipe.Output;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads; a read of no bytes ends when there are some, or the end.</summary>
    /// <exception cref="OperationCanceledException">The pipe's pending read was cancelled: the connection is being closed.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ReadResult result = await _input.ReadAsync(cancellationToken);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, Math.Min(result.Buffer.Length, buffer.Length));
        int count = (int)taken.Length;
        taken.CopyTo(buffer.Span);
        _input.AdvanceTo(taken.End);
        if (result.IsCanceled)
            throw new OperationCanceledException("The connection is being closed.");
        return count;
    }

    /// <summary>Writes and flushes: it ends when the transport has room again.</summary>
    /// <exception cref="IOException">The other side is gone.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        FlushResult result = await _output.WriteAsync(buffer, cancellationToken);
        if (result.IsCanceled)
            throw new OperationCanceledException("The connection is being closed.");
        if (result.IsCompleted)
            throw new IOException("The connection was closed by the client.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Every write has flushed.</summary>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
