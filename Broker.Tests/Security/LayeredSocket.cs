using System.Buffers.Binary;
using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Broker.Protocol;
using Broker.Protocol.Compression;
using Broker.Tests.Gateway;

namespace Broker.Tests.Security;

/// <summary>
/// A client that puts TLS and compression on its connection as a client of nsqd does. Text is Latin-1; every read gives up after
/// a real minute.
/// </summary>
internal sealed class LayeredSocket : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly NetworkStream _network;
    private Stream _input;
    private Stream _output;

    private LayeredSocket(NetworkStream network) => _network = (NetworkStream)(_input = _output = network);

    /// <summary>TLS, once on.</summary>
    public SslStream? Tls { get; private set; }

    public Socket Socket => _network.Socket;

    public static async Task<LayeredSocket> ConnectAsync(EndPoint endPoint, string magic = "  V2")
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint);
        LayeredSocket client = new(new NetworkStream(socket, ownsSocket: true));
        await client.SendAsync(magic);
        return client;
    }

    public static Task<LayeredSocket> ConnectAsync(RunningGateway gateway) => ConnectAsync(gateway.EndPoint);

    public async Task SendAsync(string text) => await SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using CancellationTokenSource patience = new(Patience);
        await _output.WriteAsync(bytes, patience.Token);
        await _output.FlushAsync(patience.Token);
    }

    /// <summary>Identifies and gives the answer.</summary>
    public async Task<string> IdentifyAsync(string json)
    {
        await SendAsync("IDENTIFY\n" + NsqSocket.Sized(json));
        (FrameType type, string data) = await ReadFrameAsync();
        Assert.Equal(FrameType.Response, type);
        return data;
    }

    /// <summary>Shakes hands, and reads the <c>OK</c> that follows.</summary>
    public async Task StartTlsAsync(X509Certificate2? certificate = null)
    {
        await HandshakeAsync(certificate);
        await ExpectAsync("OK");
    }

    /// <summary>Shakes hands, believing any server.</summary>
    public async Task HandshakeAsync(X509Certificate2? certificate = null)
    {
        Tls = new SslStream(_input, leaveInnerStreamOpen: true);
        SslClientAuthenticationOptions options = new()
        {
            TargetHost = "localhost",
            RemoteCertificateValidationCallback = static (_, _, _, _) => true,
        };
        if (certificate is not null)
            options.ClientCertificateContext = SslStreamCertificateContext.Create(certificate, null, offline: true);
        using CancellationTokenSource patience = new(Patience);
        await Tls.AuthenticateAsClientAsync(options, patience.Token);
        _input = _output = Tls;
    }

    /// <summary>Goes on in snappy, and reads the <c>OK</c>.</summary>
    public Task StartSnappyAsync()
    {
        _input = _output = new SnappyStream(_input);
        return ExpectAsync("OK");
    }

    /// <summary>Goes on in deflate, with the framework's streams alone, and reads the <c>OK</c>.</summary>
    public Task StartDeflateAsync()
    {
        (_input, _output) = (
            new DeflateStream(_input, CompressionMode.Decompress, leaveOpen: true),
            new DeflateStream(_output, CompressionLevel.Optimal, leaveOpen: true));
        return ExpectAsync("OK");
    }

    public async Task<(FrameType Type, string Data)> ReadFrameAsync()
    {
        byte[] header = await ReadAsync(Frame.HeaderSize);
        byte[] data = await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(header) - sizeof(int));
        return ((FrameType)BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(sizeof(int))), Encoding.Latin1.GetString(data));
    }

    /// <summary>Reads bytes as they come out of the layers.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        using CancellationTokenSource patience = new(Patience);
        await _input.ReadExactlyAsync(bytes, patience.Token);
        return bytes;
    }

    public async Task ExpectAsync(string response) => Assert.Equal((FrameType.Response, response), await ReadFrameAsync());

    public async Task ExpectErrorAsync(string error) => Assert.Equal((FrameType.Error, error), await ReadFrameAsync());

    /// <summary>Reads a message and gives its id and body.</summary>
    public async Task<(string Id, string Body)> ReadMessageAsync()
    {
        (FrameType type, string data) = await ReadFrameAsync();
        Assert.Equal(FrameType.Message, type);
        return (data[10..26], data[26..]);
    }

    /// <summary>Nothing but the end follows, with a farewell of TLS or without.</summary>
    public async Task ExpectEndAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            Assert.Equal(0, await _input.ReadAsync(new byte[1], patience.Token));
        }
        catch (IOException)
        {
            // Closed with bytes of ours unread.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Tls is not null)
            await Tls.DisposeAsync();
        await _network.DisposeAsync();
    }
}
