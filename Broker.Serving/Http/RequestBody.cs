using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Broker.Serving.Http;

/// <summary>A request's body in the memory that it was received into. Its bytes may be used until it is disposed of.</summary>
public readonly struct RequestBody : IDisposable
{
    private readonly PipeReader _reader;

    private RequestBody(PipeReader reader, in ReadOnlySequence<byte> bytes, bool isTooBig)
    {
        _reader = reader;
        Bytes = bytes;
        IsTooBig = isTooBig;
    }

    /// <summary>The body; what had come of it when it is too big.</summary>
    public ReadOnlySequence<byte> Bytes { get; }

    /// <summary>Whether it is longer than it may be.</summary>
    public bool IsTooBig { get; }

    /// <summary>Reads a body to its end, or until it is longer than <paramref name="limit"/> bytes: more than that is never kept.</summary>
    /// <exception cref="IOException">The client went away, or what it sent is no HTTP.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context, long limit)
    {
        PipeReader reader = context.Request.BodyReader;
        while (true)
        {
            ReadResult read = await reader.ReadAsync(context.RequestAborted);
            bool isTooBig = read.Buffer.Length > limit;
            if (isTooBig || read.IsCompleted)
                return new RequestBody(reader, read.Buffer, isTooBig);
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reader.AdvanceTo(Bytes.End);
}
