using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Sockets;
using Broker.Serving.Hosting;
using Broker.Serving.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Broker.Silo.Hosting;

/// <summary>
/// Kestrel's sockets, and those of NSQ's clients, which have threads of their own; no more than there are places for, saying which address could not be
/// listened on and why.
/// </summary>
public sealed class SocketBinder(
    IOptions<SocketTransportOptions> options, BoundAddresses addresses, ConnectionPlaces places, Refusals refusals, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IListeners
{
    private readonly ConcurrentBag<IConnectionListener> _bound = [];
    private readonly SocketTransportFactory _sockets = new(options, loggers);

    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        try
        {
            PlacedListener listener = new(await ListenAsync(endpoint, cancellationToken), places.CreateShare(), refusals);
            _bound.Add(listener);
            return listener;
        }
        catch (AddressInUseException)
        {
            throw StartCheck.Failure(endpoint, new SocketException((int)SocketError.AddressAlreadyInUse));
        }
        catch (SocketException e)
        {
            throw StartCheck.Failure(endpoint, e);
        }
    }

    // Kestrel binds the very address that the listener's options have.
    private async ValueTask<IConnectionListener> ListenAsync(EndPoint endpoint, CancellationToken cancellation) =>
        SocketListener.IsSupported && ReferenceEquals(endpoint, addresses.Tcp?.EndPoint)
            ? new SocketListener(endpoint, options.Value, loggers.CreateLogger<SocketListener>())
            : await _sockets.BindAsync(endpoint, cancellation);

    /// <inheritdoc/>
    public async Task UnbindAsync()
    {
        foreach (IConnectionListener listener in _bound)
            await listener.UnbindAsync();
    }

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => _sockets.CanBind(endpoint);
}
