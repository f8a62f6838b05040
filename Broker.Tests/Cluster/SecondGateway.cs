using System.Net;
using Broker.Health;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Broker.Tests.Cluster;

/// <summary>A node without grains: its own gateway, HTTP API and lookup service over the grains of another broker.</summary>
internal sealed class SecondGateway : IAsyncDisposable
{
    private readonly BrokerHost _host;
    private readonly HttpClient _http;
    private readonly HttpClient _lookup;

    private SecondGateway(BrokerHost host)
    {
        _host = host;
        _http = HttpBroker.ClientOf(EndPointOf("HTTP"));
        _lookup = HttpBroker.ClientOf(EndPointOf("lookup HTTP"));
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint TcpEndPoint => EndPointOf("TCP");

    /// <summary>What lookup services call it.</summary>
    public string NodeName => $"second:{EndPointOf("HTTP").Port}";

    /// <summary>Its parts.</summary>
    public IServiceProvider Services => _host.Services;

    public static async Task<SecondGateway> StartAsync(RunningBroker first, IHostedTopics? hosted = null)
    {
        BrokerSettings settings = new() { LogLevel = LogLevel.Error };
        settings.Gateway.TcpAddress = settings.Gateway.HttpAddress = "127.0.0.1:0";
        settings.Gateway.BroadcastAddress = "second";
        settings.Lookup.TcpAddress = settings.Lookup.HttpAddress = "127.0.0.1:0";
        IClusterClient client = first.Services.GetRequiredService<IClusterClient>();
        BrokerHost host = BrokerHost.Build(settings, builder =>
        {
            builder.Services.AddSingleton(settings.Telemetry);
            builder.Services.AddSingleton<IGrainFactory>(client);
            builder.Services.AddSingleton(client);
            builder.Services.AddSingleton(hosted ?? new NoTopics());
            builder.Services.AddSingleton<IHealthSource, Healthy>();
            GatewayComposition.AddFrontEnd(builder, settings);
            return [.. GatewayComposition.ListenersOf(settings), .. LookupComposition.AddTo(builder, settings.Lookup, "lookup TCP", "lookup HTTP")];
        });
        await host.StartAsync();
        return new SecondGateway(host);
    }

    /// <summary>Asks its HTTP API.</summary>
    public Task<HttpReply> GetAsync(string path) => SendAsync(_http, HttpMethod.Get, path);

    /// <summary>Posts to its HTTP API.</summary>
    public Task<HttpReply> PostAsync(string path) => SendAsync(_http, HttpMethod.Post, path);

    /// <summary>Asks its lookup service.</summary>
    public Task<HttpReply> LookUpAsync(string path) => SendAsync(_lookup, HttpMethod.Get, path);

    /// <summary>Posts to its lookup service.</summary>
    public Task<HttpReply> PostToLookupAsync(string path) => SendAsync(_lookup, HttpMethod.Post, path);

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        await _host.DisposeAsync();
        _http.Dispose();
        _lookup.Dispose();
    }

    private static async Task<HttpReply> SendAsync(HttpClient client, HttpMethod method, string path)
    {
        using HttpRequestMessage request = new(method, path);
        using HttpResponseMessage response = await client.SendAsync(request);
        return await HttpReply.OfAsync(response);
    }

    private IPEndPoint EndPointOf(string protocol) => IPEndPoint.Parse(_host.Listeners.Single(listener => listener.Protocol == protocol).BoundTo);

    private sealed class Healthy : IHealthSource
    {
        public string? Failure => null;
    }
}
