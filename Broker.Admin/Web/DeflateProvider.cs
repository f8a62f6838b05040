using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;

namespace Broker.Admin;

/// <summary>Compresses for those few who accept deflate alone.</summary>
internal sealed class DeflateProvider : ICompressionProvider
{
    /// <inheritdoc/>
    public string EncodingName => "deflate";

    /// <inheritdoc/>
    public bool SupportsFlush => true;

    /// <inheritdoc/>
    public Stream CreateStream(Stream outputStream) => new ZLibStream(outputStream, CompressionLevel.Fastest, leaveOpen: true);
}
