using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Sockets;

/// <summary>Accepts clients, whose sockets are served by threads of their own (<see cref="SocketThreads"/>).</summary>
public sealed class SocketListener : IConnectionListener
{
    private readonly Socket _socket;
    private readonly SocketThreads _threads;
    private readonly SocketLimits _limits;

    /// <summary>Listens.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="options">Kestrel's options for its own sockets, which hold here as well: backlog, buffers, and how a socket is bound.</param>
    /// <param name="logger">The log.</param>
    /// <exception cref="SocketException">The address cannot be listened on.</exception>
    public SocketListener(EndPoint endpoint, SocketTransportOptions options, ILogger logger)
    {
        _socket = options.CreateBoundListenSocket(endpoint);
        _socket.Listen(options.Backlog);
        EndPoint = _socket.LocalEndPoint!;
        _limits = new SocketLimits(options.MaxReadBufferSize ?? 0, options.MaxWriteBufferSize ?? 0);
        _threads = new SocketThreads(Environment.ProcessorCount, (failure, connection) =>
            logger.ConnectionFailed(failure, connection.RemoteEndPoint?.ToString() ?? "", "", "", ""));
    }

    /// <summary>Whether this system has what it takes.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux();

    /// <inheritdoc/>
    public EndPoint EndPoint { get; }

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket? socket = null;
            try
            {
                socket = await _socket.AcceptAsync(cancellationToken);
                if (socket.LocalEndPoint is IPEndPoint)
                    socket.NoDelay = true;
                socket.Blocking = false;
                return _threads.Add(socket, _limits);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null;
            }
            catch (Win32Exception)
            {
                // The client went before it was accepted, or the system watches no more sockets.
                socket?.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        _socket.Dispose();
        return default;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _threads.Dispose();
        return default;
    }
}
