using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http.Replies;

/// <summary>
/// Writes a reply piece by piece and sends the first piece only when a second one comes: a reply that ends before is sent with its length,
/// as Go does it; of a longer one nobody knows the length before it has been written.
/// </summary>
/// <param name="response">The reply.</param>
internal sealed class FirstPieceWriter(HttpResponse response) : PipeWriter
{
    private readonly PipeWriter _body = response.BodyWriter;
    private long _bytes;
    private bool _hasPiece;
    private bool _isSent;

    /// <inheritdoc/>
    public override bool CanGetUnflushedBytes => true;

    /// <inheritdoc/>
    public override long UnflushedBytes => _bytes;

    /// <inheritdoc/>
    public override void Advance(int bytes)
    {
        _bytes += bytes;
        _body.Advance(bytes);
    }

    /// <inheritdoc/>
    public override Memory<byte> GetMemory(int sizeHint = 0) => _body.GetMemory(sizeHint);

    /// <inheritdoc/>
    public override Span<byte> GetSpan(int sizeHint = 0) => _body.GetSpan(sizeHint);

    /// <inheritdoc/>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        // What counts as unflushed begins anew, or each further byte would be flushed for itself.
        _bytes = _hasPiece ? 0 : _bytes;
        _isSent |= _hasPiece;
        if (_hasPiece)
            return _body.FlushAsync(cancellationToken);
        _hasPiece = true;
        return new(default(FlushResult));
    }

    /// <summary>There is no more: sends what has not been sent.</summary>
    public ValueTask<FlushResult> EndAsync(CancellationToken cancellation)
    {
        if (!_isSent)
            response.ContentLength = _bytes;
        return _body.FlushAsync(cancellation);
    }

    /// <inheritdoc/>
    public override void CancelPendingFlush() => _body.CancelPendingFlush();

    /// <inheritdoc/>
    public override void Complete(Exception? exception = null) => _body.Complete(exception);
}
