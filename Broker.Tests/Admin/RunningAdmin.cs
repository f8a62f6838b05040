using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Microsoft.Extensions.Logging;

namespace Broker.Tests.Admin;

/// <summary>The admin web alone, as the executable composes it, on a free port of loopback, and a client of it that follows no redirects.</summary>
internal sealed class RunningAdmin : IAsyncDisposable
{
    private readonly BrokerHost _host;
    private readonly HttpClient _client;

    private RunningAdmin(BrokerHost host)
    {
        _host = host;
        EndPoint = IPEndPoint.Parse(host.Listeners.Single().BoundTo);
        _client = HttpBroker.ClientOf(EndPoint);
    }

    public IPEndPoint EndPoint { get; }

    public static async Task<RunningAdmin> StartAsync(Action<BrokerSettings> configure)
    {
        BrokerSettings settings = new() { LogLevel = LogLevel.Critical };
        settings.Admin.HttpAddress = "127.0.0.1:0";
        configure(settings);
        BrokerHost host = BrokerHost.CreateAdmin(settings);
        await host.StartAsync();
        return new RunningAdmin(host);
    }

    /// <summary>One that asks a broker directly.</summary>
    public static Task<RunningAdmin> OfAsync(RunningBroker broker, Action<BrokerSettings>? configure = null) => StartAsync(settings =>
    {
        settings.Admin.NsqdHttpAddresses = [broker.HttpEndPoint.ToString()];
        configure?.Invoke(settings);
    });

    public Task<HttpReply> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<HttpReply> PostAsync(string path, string body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    public Task<HttpReply> PutAsync(string path, string body) => SendAsync(HttpMethod.Put, path, body);

    public Task<HttpReply> DeleteAsync(string path, string? body = null) => SendAsync(HttpMethod.Delete, path, body);

    /// <summary>A successful answer as JSON.</summary>
    public async Task<JsonNode> JsonAsync(string path)
    {
        HttpReply reply = await GetAsync(path);
        Assert.True(reply.Status == 200, $"{path}: {reply.Status} {reply.Body}");
        return JsonNode.Parse(reply.Body)!;
    }

    public async Task<HttpReply> SendAsync(HttpMethod method, string path, string? body, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(method, path) { Content = body is null ? null : new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        foreach ((string name, string value) in headers) request.Headers.Add(name, value);
        using HttpResponseMessage response = await _client.SendAsync(request);
        return await HttpReply.OfAsync(response);
    }

    /// <summary>The answer with its headers.</summary>
    public Task<HttpResponseMessage> ResponseAsync(HttpRequestMessage request) => _client.SendAsync(request);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _host.StopAsync();
        await _host.DisposeAsync();
    }
}
