using System.Net;
using System.Net.Sockets;

namespace Broker.Tests.Storage.Postgres;

/// <summary>Stands between a store and its server, and loses what it is told to lose.</summary>
internal sealed class PostgresProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly IPEndPoint _server;
    private readonly List<Task> _connections = [];
    private readonly Task _accepting;
    private volatile byte[]? _trigger;
    private volatile bool _isSilent;
    private TaskCompletionSource _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public PostgresProxy(string connectionString)
    {
        Npgsql.NpgsqlConnectionStringBuilder settings = new(connectionString);
        _server = new IPEndPoint(IPAddress.Loopback, settings.Port);
        _listener.Start();
        settings.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        ConnectionString = settings.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>How to reach the server through it.</summary>
    public string ConnectionString { get; }

    /// <summary>Whether nothing passes any more, as when a network is cut: connections stay, and nobody is told.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    /// <summary>
    /// The next connection over which the store sends these bytes gets no answer any more: the server does what it was asked to, and then the
    /// connection breaks.
    /// </summary>
    /// <returns>Completes when that has happened.</returns>
    public Task LoseAnswerTo(string text)
    {
        _lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _trigger = System.Text.Encoding.UTF8.GetBytes(text);
        return _lost.Task;
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true) _connections.Add(PassAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using TcpClient server = new();
        using (client)
        {
            try
            {
                await server.ConnectAsync(_server, _end.Token);
                using CancellationTokenSource cut = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
                bool isCut = false;
                Task up = CopyAsync(client, server, bytes =>
                {
                    if (_trigger is { } trigger && bytes.IndexOf(trigger) >= 0)
                    {
                        _trigger = null;
                        isCut = true;
                    }

                    return true;
                }, cut.Token);
                // The answer has come as far as this, so the server has committed.
                Task down = CopyAsync(server, client, _ => !Volatile.Read(ref isCut), cut.Token);
                await Task.WhenAny(up, down);
                await cut.CancelAsync();
                await Task.WhenAll(up, down);
                if (isCut) _lost.TrySetResult();
            }
            catch (SocketException)
            {
                // The server is down: so is the way to it.
            }
        }
    }

    private async Task CopyAsync(TcpClient from, TcpClient to, Func<ReadOnlySpan<byte>, bool> pass, CancellationToken cancellation)
    {
        byte[] buffer = new byte[64 << 10];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, cancellation) is > 0 and var read)
            {
                if (_isSilent) continue;
                if (!pass(buffer.AsSpan(0, read))) return;

                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), cancellation);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // One side is gone.
        }
    }
}
