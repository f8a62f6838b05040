using System.Net.Sockets;
using Broker.Lookup.Registrations;
using Broker.Serving.Hosting;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Broker.Lookup.Connections;

/// <summary>Serves the lookup protocol on the connections of a listener.</summary>
public sealed class LookupConnectionHandler(
    LookupRegistry registry, LookupOptions options, BoundAddresses bound, ILogger<LookupConnectionHandler> logger) : ConnectionHandler
{
    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        // The protocol knows no read timeout: without this a node that lost its power would stay listed, if hidden, for ever.
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { AddressFamily: not AddressFamily.Unix } socket)
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        LookupSession session = new(connection, registry, options, bound, logger);
        CancellationToken stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using CancellationTokenRegistration registration = stopping.Register(session.Stop);
        await session.RunAsync();
    }
}
