using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Silo.Settings;
using Broker.Tests.Running;

namespace Broker.Tests.Http;

/// <summary>A running broker that serves HTTP, and a client of it that follows no redirects.</summary>
internal sealed class HttpBroker : IAsyncDisposable
{
    private readonly HttpClient _client;

    private HttpBroker(RunningBroker broker)
    {
        Broker = broker;
        _client = ClientOf(broker.HttpEndPoint);
    }

    public RunningBroker Broker { get; }

    public static async Task<HttpBroker> StartAsync(Action<BrokerSettings>? configure = null, bool virtualTime = false) =>
        new(await RunningBroker.StartAsync(
            settings =>
            {
                settings.Gateway.HttpAddress = "127.0.0.1:0";
                configure?.Invoke(settings);
            },
            virtualTime));

    public static HttpClient ClientOf(IPEndPoint endPoint) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri($"http://{endPoint}"), Timeout = TimeSpan.FromSeconds(60) };

    public Task<HttpReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<HttpReply> PostAsync(string path, string body = "") => PostAsync(path, Encoding.Latin1.GetBytes(body));

    public Task<HttpReply> PostAsync(string path, byte[] body) => SendAsync(HttpMethod.Post, path, new ByteArrayContent(body));

    public Task<HttpReply> PutAsync(string path, string body, string? ifMatch = null) => SendAsync(HttpMethod.Put, path, new StringContent(body), ifMatch);

    public async Task<HttpReply> SendAsync(HttpMethod method, string path, HttpContent? content = null, string? ifMatch = null)
    {
        using HttpRequestMessage request = new(method, path) { Content = content };
        if (ifMatch is not null)
            request.Headers.Add("If-Match", ifMatch);
        using HttpResponseMessage response = await _client.SendAsync(request);
        return await HttpReply.OfAsync(response);
    }

    /// <summary>The JSON statistics.</summary>
    public async Task<JsonNode> StatsAsync(string filter = "")
    {
        HttpReply reply = await GetAsync($"/stats?format=json&{filter}");
        Assert.Equal(200, reply.Status);
        return JsonNode.Parse(reply.Body)!;
    }

    /// <summary>The JSON statistics of the only channel of the only topic that the filter lets through.</summary>
    public async Task<JsonNode> ChannelAsync(string topic, string channel) =>
        (await StatsAsync($"topic={topic}&channel={channel}"))["topics"]!.AsArray().Single()!["channels"]!.AsArray().Single()!;

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await Broker.DisposeAsync();
    }
}
