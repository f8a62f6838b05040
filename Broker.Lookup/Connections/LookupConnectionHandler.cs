using System.Net;
using System.Net.Sockets;
using Broker.Lookup.Registrations;
using Broker.Serving.Hosting;
using Broker.Serving.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;

namespace Broker.Lookup.Connections;

/// <summary>Serves the lookup protocol on the connections of a listener, as many as there may be.</summary>
/// <param name="registry">What the service knows.</param>
/// <param name="options">What it is, and its limits.</param>
/// <param name="bound">Where it is served.</param>
/// <param name="refusals">Counts what is refused.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class LookupConnectionHandler(
    LookupRegistry registry, LookupOptions options, BoundAddresses bound, Refusals refusals, TimeProvider time, ILogger<LookupConnectionHandler> logger)
    : ConnectionHandler
{
    private readonly Admission _admission = new(
        options.MaxConnections,
        options.MaxConnectionsPerAddress,
        RefusalReason.TooManyConnections,
        RefusalReason.TooManyConnectionsOfAddress,
        refusals);

    /// <inheritdoc/>
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        IPAddress? address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (!_admission.TryEnter(address))
        {
            connection.Abort();
            return;
        }
        try
        {
            await ServeAsync(connection, address);
        }
        finally
        {
            _admission.Leave(address);
        }
    }

    private async Task ServeAsync(ConnectionContext connection, IPAddress? address)
    {
        // The protocol knows no read timeout: without this a node that lost its power would stay listed, if hidden, for ever.
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is { AddressFamily: not AddressFamily.Unix } socket)
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        LookupSession session = new(connection, registry, options, bound, logger);
        CancellationToken stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using CancellationTokenRegistration registration = stopping.Register(session.Stop);
        await using ITimer patience = time.CreateTimer(
            _ =>
            {
                if (session.HasGivenCommand)
                    return;
                refusals.Add(RefusalReason.NoFirstCommand, address);
                session.Stop();
            },
            null,
            options.FirstCommandTimeout > TimeSpan.Zero ? options.FirstCommandTimeout : Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        await session.RunAsync();
    }
}
