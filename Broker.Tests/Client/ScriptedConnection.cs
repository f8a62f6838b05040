using System.Buffers.Binary;
using System.IO.Compression;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Broker.Tests.Running;

namespace Broker.Tests.Client;

/// <summary>The server's end of a connection, byte for byte.</summary>
internal sealed class ScriptedConnection(TcpClient client) : IAsyncDisposable
{
    public const string PlainReply = """{"max_rdy_count":2500,"version":"1.3.0","max_msg_timeout":900000,"msg_timeout":60000}""";

    private Stream _input = client.GetStream();
    private Stream _output = client.GetStream();

    /// <summary>What the client told of itself.</summary>
    public JsonElement Identity { get; private set; }

    public static byte[] Frame(int type, ReadOnlySpan<byte> data)
    {
        byte[] frame = new byte[8 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, 4 + data.Length);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), type);
        data.CopyTo(frame.AsSpan(8));
        return frame;
    }

    public static byte[] Message(string id, string body, int attempts = 1)
    {
        byte[] data = new byte[26 + Encoding.UTF8.GetByteCount(body)];
        BinaryPrimitives.WriteInt64BigEndian(data, 1_700_000_000_123_456_700);
        BinaryPrimitives.WriteUInt16BigEndian(data.AsSpan(8), (ushort)attempts);
        Encoding.ASCII.GetBytes(id.PadLeft(16, '0'), data.AsSpan(10));
        Encoding.UTF8.GetBytes(body, data.AsSpan(26));
        return Frame(2, data);
    }

    public async Task ExpectIdentifyAsync()
    {
        Assert.Equal("  V2", Encoding.ASCII.GetString(await ReadAsync(4)));
        Assert.Equal("IDENTIFY", await ReadLineAsync());
        Identity = JsonDocument.Parse(await ReadSizedAsync()).RootElement;
    }

    public async Task ExpectLineAsync(string expected) => Assert.Equal(expected, await ReadLineAsync());

    public async Task ExpectPublishAsync(string topic, string body)
    {
        await ExpectLineAsync($"PUB {topic}");
        Assert.Equal(body, Encoding.UTF8.GetString(await ReadSizedAsync()));
    }

    /// <summary>The next command, without its line end.</summary>
    public async Task<string> ReadLineAsync()
    {
        List<byte> line = [];
        while (true)
        {
            byte next = (await ReadAsync(1))[0];
            if (next == '\n') return Encoding.ASCII.GetString([.. line]);
            line.Add(next);
        }
    }

    public async Task<byte[]> ReadSizedAsync() => await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(await ReadAsync(4)));

    /// <summary>What comes before the client closes.</summary>
    public async Task<string> ReadToEndAsync()
    {
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        using MemoryStream rest = new();
        try
        {
            await _input.CopyToAsync(rest, patience.Token);
        }
        catch (IOException)
        {
            // Closed without ceremony.
        }
        return Encoding.UTF8.GetString(rest.ToArray());
    }

    public Task SendResponseAsync(string text) => SendAsync(Frame(0, Encoding.UTF8.GetBytes(text)));

    public Task SendErrorAsync(string text) => SendAsync(Frame(1, Encoding.UTF8.GetBytes(text)));

    public Task SendMessageAsync(string id, string body, int attempts = 1) => SendAsync(Message(id, body, attempts));

    public async Task SendAsync(params byte[][] frames)
    {
        foreach (byte[] frame in frames) await _output.WriteAsync(frame);
        await _output.FlushAsync();
    }

    /// <summary>Each byte by itself, so that the client may see frames cut anywhere.</summary>
    public async Task SendSplitAsync(byte[] bytes)
    {
        foreach (byte b in bytes) await SendAsync([b]);
    }

    /// <summary>Sends a heartbeat and waits for its NOP: all that the client had to say before has been said then.</summary>
    public async Task<List<string>> ReadUntilQuietAsync()
    {
        await SendResponseAsync("_heartbeat_");
        List<string> lines = [];
        while (await ReadLineAsync() is var line && line != "NOP") lines.Add(line);
        return lines;
    }

    public async Task EncryptAsync(X509Certificate2 certificate)
    {
        SslStream stream = new(_input);
        await stream.AuthenticateAsServerAsync(certificate);
        (_input, _output) = (stream, stream);
    }

    public void Deflate() =>
        (_input, _output) = (new DeflateStream(_input, CompressionMode.Decompress), new DeflateStream(_output, CompressionMode.Compress));

    public void Snap() => (_input, _output) = (new SnappyFrames(_input), new SnappyFrames(_output));

    /// <summary>Closes as a crashed process would: what is on its way is lost.</summary>
    public void Break()
    {
        client.Client.LingerState = new LingerOption(true, 0);
        client.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        client.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        byte[] bytes = new byte[count];
        await _input.ReadExactlyAsync(bytes, patience.Token);
        return bytes;
    }
}
