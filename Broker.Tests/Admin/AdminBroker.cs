using System.Net;
using Broker.Policies;
using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Admin;

/// <summary>A broker with its lookup service and its admin web, as it is started without a command.</summary>
internal sealed class AdminBroker : IAsyncDisposable
{
    private AdminBroker(RunningBroker broker)
    {
        Broker = broker;
        Api = HttpBroker.ClientOf(broker.HttpEndPoint);
        Web = HttpBroker.ClientOf(broker.EndPointOf("admin HTTP"));
    }

    public RunningBroker Broker { get; }

    /// <summary>The broker's HTTP API.</summary>
    public HttpClient Api { get; }

    /// <summary>The admin web.</summary>
    public HttpClient Web { get; }

    /// <summary>Scheme, host and port of the admin web.</summary>
    public string Home => $"http://{Broker.EndPointOf("admin HTTP")}";

    /// <summary>host:port under which the broker is known.</summary>
    public string Node => $"127.0.0.1:{Broker.HttpEndPoint.Port}";

    public static async Task<AdminBroker> StartAsync(Action<BrokerSettings>? configure = null) => new(await RunningBroker.StartAsync(settings =>
    {
        settings.Gateway.HttpAddress = "127.0.0.1:0";
        settings.Lookup.TcpAddress = "127.0.0.1:0";
        settings.Lookup.HttpAddress = "127.0.0.1:0";
        settings.Admin.HttpAddress = "127.0.0.1:0";
        settings.Admin.SampleInterval = TimeSpan.FromMilliseconds(200);
        configure?.Invoke(settings);
    }));

    /// <summary>Publishes messages with a number each.</summary>
    public Task PublishAsync(string topic, int count, string body = "message") =>
        Broker.PublishAsync(topic, [.. Enumerable.Range(1, count).Select(i => $"{body} {i}")]);

    /// <summary>Has the broker do something over its own API.</summary>
    public async Task PostAsync(string path)
    {
        using HttpResponseMessage answer = await Api.PostAsync(path, null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    /// <summary>Has a channel give messages up at their first attempt; gives the consumer that requeued them.</summary>
    public async Task<NsqSocket> KillAsync(string topic, string channel, params string[] bodies)
    {
        await PostAsync($"/topic/create?topic={topic}");
        await PostAsync($"/channel/create?topic={topic}&channel={channel}");
        Assert.True((await Broker.Topic(topic).ChangeChannelPolicyAsync(channel, new ChannelPolicy { MaxAttempts = 1 }, expected: null)).IsOk);
        NsqSocket consumer = await NsqSocket.OpenAsync(Broker.TcpEndPoint);
        await consumer.IdentifyAsync("""{"client_id":"mailer"}""");
        await consumer.SubscribeAsync(topic, channel, ready: 10);
        await Broker.PublishAsync(topic, bodies);
        foreach (NsqMessage message in await consumer.ExpectMessagesAsync(bodies.Length))
            await consumer.RequeueAsync(message, 0);
        await Broker.UntilAsync(topic, channel, stats => stats.Dead == bodies.Length);
        return consumer;
    }

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        Web.Dispose();
        await Broker.DisposeAsync();
    }
}
