using Broker.Gateway.Connections;
using Microsoft.AspNetCore.Connections;

namespace Broker.Gateway.Hosting;

/// <summary>Hands connections of a listener to the gateway.</summary>
public sealed class NsqConnectionHandler(NsqGateway gateway) : ConnectionHandler
{
    /// <inheritdoc/>
    public override Task OnConnectedAsync(ConnectionContext connection) => gateway.ServeAsync(connection);
}
