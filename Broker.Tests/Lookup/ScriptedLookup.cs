using System.Net;
using System.Net.Sockets;

namespace Broker.Tests.Lookup;

/// <summary>A lookup service whose answers the test gives.</summary>
internal sealed class ScriptedLookup : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    public ScriptedLookup() => _listener.Start();

    /// <summary>host:port.</summary>
    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>The next node that connects.</summary>
    public async Task<ScriptedConversation> AcceptAsync() =>
        new(await _listener.AcceptTcpClientAsync().WaitAsync(TimeSpan.FromSeconds(60)));

    /// <summary>The next node that connects, its IDENTIFY answered.</summary>
    public async Task<ScriptedConversation> AcceptIdentifiedAsync()
    {
        ScriptedConversation node = await AcceptAsync();
        Assert.Equal("  V1", await node.ReadAsync(4));
        await node.ReadIdentifyAsync();
        await node.ReplyAsync("""{"broadcast_address":"127.0.0.1","hostname":"s","http_port":1,"tcp_port":2,"version":"1.3.0"}""");
        return node;
    }

    public void Dispose() => _listener.Dispose();
}
