using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Broker.Protocol;
using Broker.Protocol.Compression;

namespace Broker.Gateway.Security;

/// <summary>
/// What a connection reads from and writes to once IDENTIFY has agreed on more than plain bytes: TLS directly on the socket, and
/// one compression inside it (spec 1.7). Each layer that is put on is announced with an <c>OK</c> inside it.
/// </summary>
internal sealed class UpgradedTransport : IDuplexPipe, IAsyncDisposable
{
    // The greatest record of TLS: what is flushed together is encrypted and compressed together.
    private const int BlockBytes = 16 * 1024;

    private readonly List<IAsyncDisposable> _layers = [];
    private Stream _stream;
    private PipeReader? _input;
    private PipeWriter? _output;

    public UpgradedTransport(IDuplexPipe transport) => _stream = new DuplexPipeStream(transport);

    /// <inheritdoc/>
    public PipeReader Input => _input ??= PipeReader.Create(
        _stream, new StreamPipeReaderOptions(bufferSize: BlockBytes, minimumReadSize: 1024, leaveOpen: true, useZeroByteReads: true));

    /// <inheritdoc/>
    public PipeWriter Output => _output ??= PipeWriter.Create(
        _stream, new StreamPipeWriterOptions(minimumBufferSize: BlockBytes, leaveOpen: true));

    /// <summary>TLS, when it was put on.</summary>
    public SslStream? Tls { get; private set; }

    /// <summary>The common name of the client's certificate; empty when it showed none.</summary>
    public string CommonName { get; private set; } = "";

    /// <summary>Whether the compression is deflate.</summary>
    public bool IsDeflated { get; private set; }

    /// <summary>Whether the compression is snappy.</summary>
    public bool IsSnappy { get; private set; }

    /// <summary>Puts TLS on the socket.</summary>
    /// <exception cref="AuthenticationException">Client and server do not come to terms.</exception>
    /// <exception cref="IOException">The client is gone, or what it sends is not TLS.</exception>
    public async Task SecureAsync(TlsServer server, CancellationToken cancellationToken)
    {
        SslStream tls = new(_stream, leaveInnerStreamOpen: true);
        _layers.Add(tls);
        await tls.AuthenticateAsServerAsync(server.CreateOptions(), cancellationToken);
        _stream = Tls = tls;
        CommonName = TlsServer.CommonNameOf(tls.RemoteCertificate);
        await AnnounceAsync(cancellationToken);
    }

    /// <summary>Goes on with deflate.</summary>
    public Task DeflateAsync(int level, CancellationToken cancellationToken)
    {
        IsDeflated = true;
        return CompressAsync(new RawDeflateStream(_stream, level), cancellationToken);
    }

    /// <summary>Goes on with snappy.</summary>
    public Task SnappyAsync(CancellationToken cancellationToken)
    {
        IsSnappy = true;
        return CompressAsync(new SnappyStream(_stream, leaveOpen: true), cancellationToken);
    }

    /// <summary>Tells the client that nothing more will come, so that it can tell the end from a cut.</summary>
    public Task EndAsync() => Tls is { IsAuthenticated: true } tls ? tls.ShutdownAsync() : Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_input is not null)
            await _input.CompleteAsync();
        // With an exception it gives its memory back without writing what is left.
        if (_output is not null)
            await _output.CompleteAsync(new OperationCanceledException());
        for (int i = _layers.Count - 1; i >= 0; i--)
            await _layers[i].DisposeAsync();
    }

    private Task CompressAsync(Stream stream, CancellationToken cancellationToken)
    {
        _layers.Add(stream);
        _stream = stream;
        return AnnounceAsync(cancellationToken);
    }

    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Frame.Ok.ToArray(), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }
}
