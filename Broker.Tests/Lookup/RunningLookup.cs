using System.Net;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Lookup;

/// <summary>The lookup service alone, as the executable composes it, on ports of loopback of its own. Its clock stands still.</summary>
internal sealed class RunningLookup : IAsyncDisposable
{
    private readonly BrokerSettings _settings = new() { LogLevel = LogLevel.Error };
    private BrokerHost? _host;

    /// <summary>What it was composed of.</summary>
    public IServiceProvider Services => _host!.Services;

    private RunningLookup()
    {
        // Ports that nobody takes while it is down.
        _settings.Lookup.TcpAddress = $"127.0.0.1:{SiloPorts.Find()}";
        _settings.Lookup.HttpAddress = $"127.0.0.1:{SiloPorts.Find()}";
        _settings.Lookup.BroadcastAddress = "127.0.0.1";
        Http = new LookupQuestions(() => EndPointOf("HTTP"));
    }

    public VirtualTimeProvider Clock { get; } = new();

    /// <summary>Where nodes register.</summary>
    public IPEndPoint TcpEndPoint => EndPointOf("TCP");

    /// <summary>Where questions are answered.</summary>
    public IPEndPoint HttpEndPoint => EndPointOf("HTTP");

    /// <summary>Asks it.</summary>
    public LookupQuestions Http { get; }

    public static async Task<RunningLookup> StartAsync(Action<BrokerSettings>? configure = null)
    {
        RunningLookup lookup = new();
        configure?.Invoke(lookup._settings);
        await lookup.BootAsync();
        return lookup;
    }

    /// <summary>Starts it again at its addresses; it knows nothing then.</summary>
    public async Task BootAsync()
    {
        _host = BrokerHost.CreateLookup(_settings, Clock);
        await _host.StartAsync();
    }

    public async Task StopAsync()
    {
        if (_host is not { } host) return;
        _host = null;
        await host.StopAsync();
        await host.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
    }

    private IPEndPoint EndPointOf(string protocol) => IPEndPoint.Parse(
        (_host ?? throw new InvalidOperationException("The lookup service does not run."))
            .Listeners.Single(listener => listener.Protocol == protocol).BoundTo);
}
