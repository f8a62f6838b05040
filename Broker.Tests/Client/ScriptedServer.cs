using System.Net;
using System.Net.Sockets;
using Broker.Tests.Running;

namespace Broker.Tests.Client;

/// <summary>A server that does what a test tells it to, and nothing by itself.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly List<ScriptedConnection> _connections = [];

    public ScriptedServer(int port = 0)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
    }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Whether a client waits to be accepted.</summary>
    public bool IsWanted => _listener.Pending();

    /// <summary>An address of loopback that nobody listens on, nor will.</summary>
    public static string DeadAddress() => $"127.0.0.1:{SiloPorts.Find()}";

    /// <summary>Takes a client that has said nothing yet.</summary>
    public async Task<ScriptedConnection> AcceptAsync()
    {
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        ScriptedConnection connection = new(await _listener.AcceptTcpClientAsync(patience.Token));
        _connections.Add(connection);
        return connection;
    }

    /// <summary>Takes a client and answers its magic and IDENTIFY.</summary>
    public async Task<ScriptedConnection> AcceptIdentifiedAsync(string reply = ScriptedConnection.PlainReply)
    {
        ScriptedConnection connection = await AcceptAsync();
        await connection.ExpectIdentifyAsync();
        await connection.SendResponseAsync(reply);
        return connection;
    }

    /// <summary>Takes a client and answers all it says up to its SUB.</summary>
    public async Task<ScriptedConnection> AcceptSubscribedAsync()
    {
        ScriptedConnection connection = await AcceptIdentifiedAsync();
        await connection.ExpectLineAsync("SUB orders mail");
        await connection.SendResponseAsync("OK");
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        foreach (ScriptedConnection connection in _connections) await connection.DisposeAsync();
    }
}
