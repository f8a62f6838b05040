using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Reflection;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Broker.Protocol.Client;
using Broker.Protocol.Compression;
using Microsoft.Extensions.Logging;

namespace Broker.Client;

/// <summary>Opens a conversation: connects, identifies, upgrades, logs in.</summary>
/// <remarks>Frames are read exactly here, never a byte further: what follows a reply may be encrypted or compressed.</remarks>
internal sealed class Handshake
{
    // No reply to IDENTIFY or AUTH comes near it; what is not NSQ at all announces gigabytes.
    private const int MaxReplySize = 64 << 10;

    private static readonly string DefaultUserAgent = "Broker.Client/"
        + (typeof(Handshake).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "1");

    private readonly NsqAddress _address;
    private readonly NsqClientOptions _options;
    private readonly IdentifyRequest _request;
    private readonly ILogger _logger;

    public Handshake(NsqAddress address, NsqClientOptions options, IdentifyRequest request, ILogger logger)
    {
        _address = address;
        _options = options;
        _logger = logger;
        _request = request with
        {
            ClientId = options.EffectiveClientId,
            Hostname = options.EffectiveHostname,
            UserAgent = options.UserAgent ?? DefaultUserAgent,
            HeartbeatInterval = (int)options.HeartbeatInterval.TotalMilliseconds,
            TlsV1 = options.Tls is not null,
            Deflate = options.Compression == NsqCompression.Deflate,
            DeflateLevel = options.Compression == NsqCompression.Deflate ? options.DeflateLevel : null,
            Snappy = options.Compression == NsqCompression.Snappy,
            TopologyRegion = options.TopologyRegion,
            TopologyZone = options.TopologyZone,
        };
    }

    /// <summary>What was settled on; the defaults of old servers, which settle nothing.</summary>
    public IdentifyReply Agreed { get; private set; } = new() { MaxRdyCount = 2500, MsgTimeout = 60_000 };

    /// <summary>Connects and negotiates.</summary>
    /// <returns>The stream to go on with, and the socket under it.</returns>
    /// <exception cref="NsqServerException">The server refuses.</exception>
    /// <exception cref="NsqConnectionException">It cannot be reached, is no NSQ server or does not offer what is required.</exception>
    /// <exception cref="OperationCanceledException">Cancelled, or out of time.</exception>
    public async Task<(Stream Stream, Socket Socket)> RunAsync(CancellationToken cancellation)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(_address.Host, _address.Port, cancellation).ConfigureAwait(false);
            stream = new NetworkStream(socket, ownsSocket: true);
            stream = await NegotiateAsync(stream, cancellation).ConfigureAwait(false);
            return (stream, socket);
        }
        catch (Exception e)
        {
            if (stream is not null) await stream.DisposeAsync().ConfigureAwait(false);
            socket.Dispose();
            if (e is OperationCanceledException or NsqException) throw;
            // Of many kinds: sockets, encryption, compression, certificate files. All mean the same to whoever wants to connect.
            throw new NsqConnectionException($"no connection to {_address}: {e.Message}", e);
        }
    }

    private async Task<Stream> NegotiateAsync(Stream stream, CancellationToken cancellation)
    {
        ArrayBufferWriter<byte> hello = new();
        hello.Write(CommandWriter.Magic);
        hello.WriteIdentify(_request.ToJson());
        byte[] reply = await AskAsync(stream, hello, cancellation).ConfigureAwait(false);
        if (ParseReply(reply) is { } agreed) Agreed = agreed;

        if (_options.Tls is { } tls)
        {
            if (Agreed.TlsV1)
            {
                stream = await EncryptAsync(stream, tls, cancellation).ConfigureAwait(false);
                await ExpectOkAsync(stream, cancellation).ConfigureAwait(false);
            }
            else if (!tls.AllowPlaintext)
            {
                throw new NsqConnectionException($"no connection to {_address}: the server does not offer TLS, and {nameof(NsqTlsOptions.AllowPlaintext)} is off");
            }
        }
        if (Agreed.Deflate)
        {
            stream = new DeflateDuplexStream(stream, Math.Clamp(Agreed.DeflateLevel, 1, 9));
            await ExpectOkAsync(stream, cancellation).ConfigureAwait(false);
        }
        else if (Agreed.Snappy)
        {
            stream = new SnappyStream(stream);
            await ExpectOkAsync(stream, cancellation).ConfigureAwait(false);
        }
        else if (_options.Compression != NsqCompression.None)
        {
            ClientLog.CompressionRefused(_logger, _address, _options.Compression);
        }
        if (Agreed.AuthRequired) await LogInAsync(stream, cancellation).ConfigureAwait(false);
        return stream;
    }

    private async Task LogInAsync(Stream stream, CancellationToken cancellation)
    {
        if (string.IsNullOrEmpty(_options.AuthSecret))
            throw new NsqConnectionException($"no connection to {_address}: the server wants a log-in, and {nameof(NsqClientOptions.AuthSecret)} is not set");
        ArrayBufferWriter<byte> auth = new();
        auth.WriteAuth(Encoding.UTF8.GetBytes(_options.AuthSecret));
        await AskAsync(stream, auth, cancellation).ConfigureAwait(false);
    }

    private async Task<SslStream> EncryptAsync(Stream stream, NsqTlsOptions tls, CancellationToken cancellation)
    {
        SslClientAuthenticationOptions settings = new() { TargetHost = tls.ServerName ?? _address.Host };
        if (tls.RootCertificateFile is { } roots)
        {
            settings.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
            };
            settings.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(roots);
        }
        if (tls.CertificateFile is { } certificate)
            settings.ClientCertificates = [X509Certificate2.CreateFromPemFile(certificate, tls.KeyFile)];
        if (tls.AllowUntrustedCertificate)
            settings.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        tls.Configure?.Invoke(settings);

        SslStream encrypted = new(stream);
        await encrypted.AuthenticateAsClientAsync(settings, cancellation).ConfigureAwait(false);
        return encrypted;
    }

    private IdentifyReply? ParseReply(byte[] reply)
    {
        try
        {
            return IdentifyReply.Parse(reply);
        }
        catch (JsonException e)
        {
            throw new NsqConnectionException($"no connection to {_address}: it answers like no NSQ server", e);
        }
    }

    private async Task<byte[]> AskAsync(Stream stream, ArrayBufferWriter<byte> command, CancellationToken cancellation)
    {
        await stream.WriteAsync(command.WrittenMemory, cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
        return await ReadReplyAsync(stream, cancellation).ConfigureAwait(false);
    }

    private async Task ExpectOkAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] reply = await ReadReplyAsync(stream, cancellation).ConfigureAwait(false);
        if (!reply.AsSpan().SequenceEqual("OK"u8))
            throw new NsqConnectionException($"no connection to {_address}: it did not confirm the upgrade");
    }

    private async Task<byte[]> ReadReplyAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] header = new byte[FrameReader.HeaderSize];
        while (true)
        {
            await stream.ReadExactlyAsync(header, cancellation).ConfigureAwait(false);
            int size = FrameReader.RequiredLength(header) - header.Length;
            if (size > MaxReplySize) throw new MalformedFrameException($"a reply of {size} bytes was announced: this is not an NSQ server");
            byte[] whole = new byte[header.Length + size];
            header.CopyTo(whole, 0);
            await stream.ReadExactlyAsync(whole.AsMemory(header.Length), cancellation).ConfigureAwait(false);
            if (Judge(whole) is { } data) return data;
            ArrayBufferWriter<byte> alive = new();
            alive.WriteNop();
            await stream.WriteAsync(alive.WrittenMemory, cancellation).ConfigureAwait(false);
            await stream.FlushAsync(cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The data of a response; null for a heartbeat.</summary>
    private byte[]? Judge(ReadOnlySpan<byte> received)
    {
        FrameReader.TryRead(ref received, out Frame frame);
        return frame.Type switch
        {
            FrameType.Response => frame.IsHeartbeat ? null : frame.Data.ToArray(),
            FrameType.Error => throw new NsqServerException(_address.ToString(), Encoding.UTF8.GetString(frame.Data)),
            _ => throw new MalformedFrameException("a frame came that answers nothing"),
        };
    }
}
