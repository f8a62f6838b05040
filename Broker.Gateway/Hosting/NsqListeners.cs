using System.Net;
using Broker.Policies;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Broker.Gateway;

/// <summary>Has Kestrel listen where <see cref="GatewayOptions.TcpAddress"/> says; several addresses are separated by commas.</summary>
public sealed class NsqListeners(IOptions<GatewayOptions> options) : IConfigureOptions<KestrelServerOptions>
{
    private readonly List<ListenOptions> _listeners = [];

    /// <summary>Where clients can connect; once the server has started, with the ports that port 0 became.</summary>
    public IReadOnlyList<EndPoint> EndPoints => [.. _listeners.Select(static listener => listener.EndPoint)];

    /// <inheritdoc/>
    public void Configure(KestrelServerOptions kestrel)
    {
        foreach (string address in options.Value.TcpAddress.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            kestrel.Listen(ListenAddress.Parse(address), listener =>
            {
                listener.UseConnectionHandler<NsqConnectionHandler>();
                _listeners.Add(listener);
            });
        }
    }
}
