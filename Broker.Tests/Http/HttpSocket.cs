using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broker.Tests.Http;

/// <summary>A client of HTTP that sends what a test says, byte by byte if need be.</summary>
internal sealed class HttpSocket : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Socket _socket;
    private readonly StreamReader _reader;

    private HttpSocket(Socket socket)
    {
        _socket = socket;
        _reader = new StreamReader(new NetworkStream(socket), Encoding.Latin1);
    }

    public static async Task<HttpSocket> ConnectAsync(IPEndPoint server)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server);
        return new HttpSocket(socket);
    }

    public async Task SendAsync(string text)
    {
        ReadOnlyMemory<byte> left = Encoding.Latin1.GetBytes(text);
        while (!left.IsEmpty)
            left = left[await _socket.SendAsync(left)..];
    }

    /// <summary>Sends a request and gives the status of its answer and its body.</summary>
    public async Task<(int Status, string Body)> AskAsync(string request, params string[] headers)
    {
        await SendAsync($"{request} HTTP/1.1\r\n{string.Concat(headers.Select(header => header + "\r\n"))}\r\n");
        return await ReadAnswerAsync();
    }

    /// <summary>The status of the next answer and its body.</summary>
    public async Task<(int Status, string Body)> ReadAnswerAsync()
    {
        string first = await ReadLineAsync() ?? throw new IOException("no answer, but the connection's end");
        int length = 0;
        while (await ReadLineAsync() is { Length: > 0 } header)
        {
            if (header.StartsWith("Content-Length: ", StringComparison.OrdinalIgnoreCase))
                length = int.Parse(header[16..], System.Globalization.CultureInfo.InvariantCulture);
        }

        char[] body = new char[length];
        // It would wait for the next answer to read nothing.
        if (length > 0)
            await _reader.ReadBlockAsync(body).AsTask().WaitAsync(Patience);
        return (int.Parse(first.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), new string(body));
    }

    /// <summary>Waits for the connection's end; nothing may come before it.</summary>
    public async Task ExpectEndAsync() => Assert.Null(await ReadLineAsync());

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }

    private async Task<string?> ReadLineAsync()
    {
        try
        {
            return await _reader.ReadLineAsync().WaitAsync(Patience);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return null;
        }
    }
}
