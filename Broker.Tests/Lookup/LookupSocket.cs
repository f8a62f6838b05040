using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Broker.Tests.Running;

namespace Broker.Tests.Lookup;

/// <summary>A bare node: sends the bytes that a test says, and reads what a lookup service answers.</summary>
internal sealed class LookupSocket : IAsyncDisposable
{
    /// <summary>What a node says of itself when the test does not care.</summary>
    public const string Node = """{"broadcast_address":"node.example","hostname":"node","tcp_port":4150,"http_port":4151,"version":"1.3.0"}""";

    private readonly NetworkStream _stream;

    private LookupSocket(Socket socket) => _stream = new NetworkStream(socket, ownsSocket: true);

    /// <summary>Address of this end, which the lookup service knows it by.</summary>
    public string LocalAddress => _stream.Socket.LocalEndPoint!.ToString()!;

    public static async Task<LookupSocket> OpenAsync(EndPoint service, string magic = "  V1")
    {
        Socket socket = new(service.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        await socket.ConnectAsync(service, patience.Token);
        LookupSocket opened = new(socket);
        await opened.SendAsync(magic);
        return opened;
    }

    /// <summary>A node that has said who it is.</summary>
    public static async Task<LookupSocket> IdentifiedAsync(EndPoint service, string json = Node)
    {
        LookupSocket socket = await OpenAsync(service);
        await socket.SendAsync(Identify(json));
        Assert.StartsWith("{", await socket.ReadAsync());
        return socket;
    }

    public static string Identify(string json) => "IDENTIFY\n" + Size(Encoding.UTF8.GetByteCount(json)) + json;

    public static string Size(int length)
    {
        byte[] bytes = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        return Encoding.Latin1.GetString(bytes);
    }

    /// <summary>Sends Latin-1.</summary>
    public Task SendAsync(string text) => _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask().WaitAsync(NsqSocket.Patience);

    /// <summary>Sends a line and expects <c>OK</c>.</summary>
    public async Task DoAsync(string line)
    {
        await SendAsync(line + "\n");
        Assert.Equal("OK", await ReadAsync());
    }

    /// <summary>The next answer. There is no type in its frame.</summary>
    public async Task<string> ReadAsync()
    {
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        byte[] size = new byte[sizeof(int)];
        await _stream.ReadExactlyAsync(size, patience.Token);
        byte[] data = new byte[BinaryPrimitives.ReadInt32BigEndian(size)];
        await _stream.ReadExactlyAsync(data, patience.Token);
        return Encoding.Latin1.GetString(data);
    }

    /// <summary>Expects an answer and then the end of the connection.</summary>
    public async Task ExpectFatalAsync(string text)
    {
        Assert.Equal(text, await ReadAsync());
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        Assert.Equal(0, await _stream.ReadAsync(new byte[1], patience.Token));
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void EndSending() => _stream.Socket.Shutdown(SocketShutdown.Send);

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
