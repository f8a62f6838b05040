using Broker.Tests.Gateway;
using Broker.Tests.Http;
using Broker.Tests.Metrics;
using Broker.Tests.Running;
using Xunit.Abstractions;
using NsqSocket = Broker.Tests.Running.NsqSocket;

namespace Broker.Tests.Security;

/// <summary>What was deleted, and what never was and is only asked for, takes no memory: whoever can make and delete topics could fill it.</summary>
public sealed class ForgettingTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Rounds = 2;
    private const int Topics = 40;
    private const int Channels = 40;
    private const int BodySize = 8 << 10;
    private const int Messages = 8;

    // A round's messages alone are several times this.
    private const long MaxGrowth = 3 << 20;

    private static readonly string Body = new('x', BodySize);

    private BrokerProcess _broker = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _broker = await BrokerProcess.StartAsync("--http-address=127.0.0.1:0");
        _http = HttpBroker.ClientOf(_broker.HttpEndPoint);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _broker.DisposeAsync();
    }

    [Fact]
    public async Task Deleted_topics_and_channels_leave_nothing_behind()
    {
        await using NsqSocket staying = await NsqSocket.OpenAsync(_broker.TcpEndPoint);
        await staying.SubscribeAsync("stays", "stays", ready: 0);
        double activations = await ActivationsAsync();
        Assert.Equal(2, activations);
        // The first round takes the memory that any work takes.
        await RunAsync("warm");
        await UntilActivationsAsync(activations);
        long before = await LiveBytes.MeasureAsync(_http);
        for (int round = 0; round < Rounds; round++)
            await RunAsync($"round{round}");
        await UntilActivationsAsync(activations);
        long after = await LiveBytes.MeasureAsync(_http);
        output.WriteLine($"{activations} activations, {before >> 10} KB before, {after >> 10} KB after");
        Assert.True(after - before < MaxGrowth, $"{before >> 10} KB before, {after >> 10} KB after: what was deleted is still there");
    }

    [Fact]
    public async Task What_is_only_asked_for_leaves_nothing_behind()
    {
        await PostAsync("/topic/create?topic=t");
        await PostAsync("/channel/create?topic=t&channel=c");
        await GetAsync("/stats?format=json");
        double activations = await ActivationsAsync();
        for (int i = 0; i < Topics; i++)
        {
            await GetAsync($"/stats?format=json&topic=no{i}");
            await GetAsync($"/stats?format=json&topic=t&channel=no{i}");
            using HttpResponseMessage peek = await _http.GetAsync($"/channel/messages?topic=no{i}&channel=c");
            Assert.False(peek.IsSuccessStatusCode);
            foreach (string path in (string[])["topic/delete", "topic/empty", "topic/pause", "channel/delete", "channel/empty", "channel/pause"])
            {
                using HttpResponseMessage refused = await _http.PostAsync($"/{path}?topic=no{i}&channel=c", null);
                Assert.False(refused.IsSuccessStatusCode);
                using HttpResponseMessage noChannel = await _http.PostAsync($"/{path}?topic=no&channel=no{i}", null);
                Assert.False(noChannel.IsSuccessStatusCode);
            }
        }

        await UntilActivationsAsync(activations);
    }

    // Topics with waiting, deferred and in-flight messages, whose consumers are there yet when they are deleted or left before.
    private async Task RunAsync(string name)
    {
        List<NsqSocket> sockets = [];
        try
        {
            for (int i = 0; i < Topics; i++)
            {
                string topic = NameOf(name, i);
                NsqSocket socket = await NsqSocket.OpenAsync(_broker.TcpEndPoint);
                sockets.Add(socket);
                await socket.SubscribeAsync(topic, "c", ready: 2);
                await using NsqSocket publisher = await NsqSocket.OpenAsync(_broker.TcpEndPoint);
                await publisher.PublishAsync(topic, [.. Enumerable.Repeat(Body, Messages)]);
                await publisher.SendAsync(NsqCommand.Dpub(topic, "600000", Body));
                await publisher.ExpectOkAsync();
                NsqMessage[] messages = await socket.ExpectMessagesAsync(2);
                await socket.RequeueAsync(messages[0], 600_000);
                await PostAsync($"/channel/create?topic={Uri.EscapeDataString(topic)}&channel=idle");
                if (i % 2 == 1)
                    await socket.DisposeAsync();
            }

            for (int i = 0; i < Channels; i++)
            {
                NsqSocket socket = await NsqSocket.OpenAsync(_broker.TcpEndPoint);
                sockets.Add(socket);
                await socket.SubscribeAsync("stays", $"{name}_{i}", ready: 1);
            }

            await using (NsqSocket publisher = await NsqSocket.OpenAsync(_broker.TcpEndPoint))
                await publisher.PublishAsync("stays", [.. Enumerable.Repeat(Body, Messages)]);
            for (int i = 0; i < Channels; i++)
            {
                await sockets[Topics + i].ExpectMessageAsync();
                await PostAsync($"/channel/delete?topic=stays&channel={name}_{i}");
                await sockets[Topics + i].ExpectClosedAsync();
            }

            await PostAsync("/channel/empty?topic=stays&channel=stays");
            for (int i = 0; i < Topics; i++)
            {
                await PostAsync($"/topic/delete?topic={Uri.EscapeDataString(NameOf(name, i))}");
            }
        }
        finally
        {
            foreach (NsqSocket socket in sockets)
                await socket.DisposeAsync();
        }
    }

    private static string NameOf(string round, int topic) => $"{round}_{topic}{(topic % 8 == 7 ? "#ephemeral" : "")}";

    private Task UntilActivationsAsync(double expected) => Eventually.TrueAsync(async () => await ActivationsAsync() == expected);

    private async Task<double> ActivationsAsync() =>
        ParsedMetrics.Parse(await GetAsync("/metrics"), isOpenMetrics: false).Matching("orleans_grains")
            .Where(sample => sample.Labels.Any(label => label.Value is "topic" or "channel"))
            .Sum(sample => sample.Value);

    private Task<string> GetAsync(string path) => _http.GetStringAsync(path);

    private async Task PostAsync(string path)
    {
        using HttpResponseMessage response = await _http.PostAsync(path, null);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}");
    }
}
