using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Broker.Protocol;

namespace Broker.Tests.Gateway;

/// <summary>A client of bytes and frames. Text is Latin-1: a character is a byte. Every read gives up after a real minute.</summary>
internal sealed class NsqSocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private NsqSocket(Socket socket)
    {
        _socket = socket;
        _stream = new NetworkStream(socket, ownsSocket: true);
    }

    public Socket Socket => _socket;

    public static async Task<NsqSocket> ConnectAsync(EndPoint endPoint)
    {
        Socket socket = endPoint is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(endPoint);
        return new NsqSocket(socket);
    }

    /// <summary>Connects to a server that refuses this client, which may show before the connection is there for us, or after.</summary>
    public static async Task ExpectRefusalAsync(EndPoint endPoint)
    {
        NsqSocket refused;
        try
        {
            refused = await ConnectAsync(endPoint);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return;
        }
        using (refused)
            await refused.ExpectEndAsync();
    }

    /// <summary>A 4-byte size and the body, as text.</summary>
    public static string Sized(string body) => Number(body.Length) + body;

    /// <summary>An MPUB's body with a total that is right.</summary>
    public static string Multi(params string[] bodies)
    {
        string elements = Number(bodies.Length) + string.Concat(bodies.Select(Sized));
        return Sized(elements);
    }

    public static string Number(int value)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return Encoding.Latin1.GetString(bytes);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await _stream.WriteAsync(bytes).AsTask().WaitAsync(Patience);

    public async Task<(FrameType Type, string Data)> ReadFrameAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        byte[] header = new byte[Frame.HeaderSize];
        await _stream.ReadExactlyAsync(header, patience.Token);
        byte[] data = new byte[BinaryPrimitives.ReadInt32BigEndian(header) - sizeof(int)];
        await _stream.ReadExactlyAsync(data, patience.Token);
        return ((FrameType)BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(sizeof(int))), Encoding.Latin1.GetString(data));
    }

    public async Task<ReceivedMessage> ReadMessageAsync()
    {
        (FrameType type, string data) = await ReadFrameAsync();
        Assert.Equal(FrameType.Message, type);
        byte[] bytes = Encoding.Latin1.GetBytes(data);
        return new ReceivedMessage(
            BinaryPrimitives.ReadInt64BigEndian(bytes), BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(8)), data[10..26], data[26..]);
    }

    public async Task ExpectAsync(string response) => Assert.Equal((FrameType.Response, response), await ReadFrameAsync());

    public async Task ExpectErrorAsync(string error) => Assert.Equal((FrameType.Error, error), await ReadFrameAsync());

    /// <summary>The last frame was the last: nothing but the end follows.</summary>
    public async Task ExpectEndAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        try
        {
            Assert.Equal(0, await _stream.ReadAsync(new byte[1], patience.Token));
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            // Closed with bytes of ours unread.
        }
    }

    /// <summary>Everything up to the end of the connection.</summary>
    public async Task<byte[]> ReadToEndAsync()
    {
        using CancellationTokenSource patience = new(Patience);
        using MemoryStream all = new();
        try
        {
            await _stream.CopyToAsync(all, patience.Token);
        }
        catch (IOException)
        {
            // Closed with bytes of ours unread.
        }
        return all.ToArray();
    }

    /// <summary>Nothing has arrived, and what was sent until now has been answered.</summary>
    public async Task ExpectSilenceAsync()
    {
        // A command with a reply behind everything else: whatever was to come would have come before it.
        await SendAsync("FIN zzzzzzzzzzzzzzzz\n");
        await ExpectErrorAsync("E_FIN_FAILED FIN zzzzzzzzzzzzzzzz failed ID not in flight");
    }

    public void Dispose() => _stream.Dispose();
}

/// <summary>A message frame, taken apart.</summary>
internal sealed record ReceivedMessage(long Timestamp, ushort Attempts, string Id, string Body);
