using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Broker.Tests.Lookup;

/// <summary>A node's connection, seen from the lookup service that it registers with.</summary>
internal sealed class ScriptedConversation(TcpClient client) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly NetworkStream _stream = client.GetStream();

    public async Task<string> ReadAsync(int count)
    {
        byte[] bytes = new byte[count];
        await _stream.ReadExactlyAsync(bytes).AsTask().WaitAsync(Patience);
        return Encoding.UTF8.GetString(bytes);
    }

    public async Task<string> ReadLineAsync()
    {
        StringBuilder line = new();
        while (await ReadAsync(1) is var next && next != "\n") line.Append(next);
        return line.ToString();
    }

    /// <summary>An IDENTIFY; gives its body.</summary>
    public async Task<string> ReadIdentifyAsync()
    {
        Assert.Equal("IDENTIFY", await ReadLineAsync());
        byte[] size = new byte[sizeof(int)];
        await _stream.ReadExactlyAsync(size).AsTask().WaitAsync(Patience);
        return await ReadAsync(BinaryPrimitives.ReadInt32BigEndian(size));
    }

    /// <summary>Expects these commands, and answers each with <c>OK</c>.</summary>
    public async Task ExpectAsync(params string[] lines)
    {
        foreach (string line in lines)
        {
            Assert.Equal(line, await ReadLineAsync());
            await ReplyAsync("OK");
        }
    }

    /// <summary>Expects that the node goes.</summary>
    public async Task ExpectEndAsync() => Assert.Equal(0, await _stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Patience));

    /// <summary>Waits until the node goes, whatever it says before.</summary>
    public async Task DrainAsync()
    {
        try
        {
            await _stream.CopyToAsync(Stream.Null).WaitAsync(Patience);
        }
        catch (IOException)
        {
            // It went with something of ours unread.
        }
    }

    public async Task ReplyAsync(string text)
    {
        byte[] reply = new byte[sizeof(int) + text.Length];
        BinaryPrimitives.WriteInt32BigEndian(reply, text.Length);
        Encoding.ASCII.GetBytes(text, reply.AsSpan(sizeof(int)));
        await _stream.WriteAsync(reply);
    }

    public void Dispose() => client.Dispose();
}
