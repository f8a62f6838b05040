using System.Net;
using Broker.Gateway.Connections;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Broker.Tests.Running;

/// <summary>A broker as the executable composes it, and what tests take out of it.</summary>
internal sealed class BrokerParts(BrokerSettings settings, TimeProvider time)
{
    private BrokerHost? _host;

    /// <summary>Where it listens.</summary>
    public EndPoint TcpEndPoint => EndPointOf("TCP");

    /// <summary>What it was composed of.</summary>
    public IServiceProvider Services => Host.Services;

    /// <summary>Where it serves HTTP.</summary>
    public IPEndPoint HttpEndPoint => EndPointOf("HTTP");

    /// <summary>Where it serves HTTPS.</summary>
    public IPEndPoint HttpsEndPoint => IPEndPoint.Parse(Host.Listeners.Single(listener => listener.Protocol == "HTTPS").BoundTo);

    /// <summary>Its grains.</summary>
    public IGrainFactory Grains => Host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>What its connections know of themselves.</summary>
    public IReadOnlyList<ConnectionSnapshot> Connections => Host.Services.GetRequiredService<NsqGateway>().Connections;

    private BrokerHost Host => _host ?? throw new InvalidOperationException("The broker does not run.");

    /// <summary>Where something is served, by the start banner's name for it.</summary>
    public IPEndPoint EndPointOf(string protocol) =>
        IPEndPoint.Parse(Host.Listeners.Single(listener => listener.Protocol == protocol).BoundTo);

    /// <summary>Starts it, or starts it again on what it had stored.</summary>
    public async Task StartAsync()
    {
        _host = await BrokerHost.CreateAsync(settings, time);
        await _host.StartAsync();
    }

    /// <summary>Stops it gracefully; does nothing when it does not run.</summary>
    public async Task StopAsync()
    {
        if (_host is not { } host) return;

        _host = null;
        await host.StopAsync();
        await host.DisposeAsync();
    }
}
