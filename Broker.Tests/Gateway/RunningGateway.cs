using System.Net;
using Broker.Gateway.Connections;
using Broker.Gateway.Hosting;
using Broker.Gateway.Telemetry;
using Broker.Policies;
using Broker.Tests.Storage.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Broker.Tests.Gateway;

/// <summary>A gateway on a free loopback port, over fake grains.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ListenOptions _listener;
    private readonly RecordedLog _log;

    private RunningGateway(WebApplication application, ListenOptions listener, FakeGrains grains, RecordedLog log)
    {
        _log = log;
        _application = application;
        _listener = listener;
        Grains = grains;
    }

    public FakeGrains Grains { get; }

    /// <summary>What was logged as warnings and errors.</summary>
    public IReadOnlyList<string> Problems => _log.Problems;

    /// <summary>What the gateway counts of what must never be.</summary>
    public long Breaches => _application.Services.GetRequiredService<GatewayMetrics>().Breaches;

    public NsqGateway Gateway => _application.Services.GetRequiredService<NsqGateway>();

    public static async Task<RunningGateway> StartAsync(TimeProvider? time = null, Action<GatewayOptions>? configure = null)
    {
        FakeGrains grains = new();
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        RecordedLog log = new();
        builder.Logging.AddProvider(new OneLog(log));
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<IGrainFactory>(grains);
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.Services.AddNsqGateway(configure);
        ListenOptions? listener = null;
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, tcp =>
        {
            tcp.UseConnectionHandler<NsqConnectionHandler>();
            listener = tcp;
        }));
        WebApplication application = builder.Build();
        await application.StartAsync();
        return new RunningGateway(application, listener!, grains, log);
    }

    /// <summary>Where it listens.</summary>
    public EndPoint EndPoint => _listener.EndPoint;

    /// <summary>A client that has sent the magic.</summary>
    public async Task<NsqSocket> ConnectAsync(string magic = "  V2")
    {
        NsqSocket socket = await NsqSocket.ConnectAsync(EndPoint);
        await socket.SendAsync(magic);
        return socket;
    }

    public Task StopAsync() => _application.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private sealed class OneLog(ILogger log) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => log;

        public void Dispose()
        {
            // The test goes on reading it.
        }
    }
}
