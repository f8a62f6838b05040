using System.Diagnostics;
using Broker.Gateway.Connections;
using Broker.Gateway;
using Broker.Gateway.Cluster;
using Broker.Tests.Http;
using Broker.Tests.Lookup;
using Broker.Tests.Running;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Cluster;

/// <summary>How soon lookup services know what was acknowledged; measured while no other test runs.</summary>
[Collection(QuietCollection.Name)]
public sealed class VisibilityTests
{
    private const int Times = 21;

    // A tool asks 100 ms after an OK and then not for a minute; on a quiet machine it takes 2 ms.
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task What_was_acknowledged_is_known_to_every_lookup_service_at_once()
    {
        await using RunningLookup elsewhere = await RunningLookup.StartAsync();
        await using HttpBroker broker = await StartAsync(elsewhere);
        await using SecondGateway second = await SecondGateway.StartAsync(broker.Broker);
        using HttpClient own = HttpBroker.ClientOf(broker.Broker.EndPointOf("lookup HTTP"));
        await using NsqSocket socket = await broker.Broker.OpenAsync();
        Func<string, Task<string>>[] services =
        [
            async path => await TextAsync(own, path),
            async path => (await second.LookUpAsync(path)).Body,
            async path => (await elsewhere.Http.GetAsync(path)).Body,
        ];
        await socket.PublishAsync("first", "x");
        foreach (Func<string, Task<string>> service in services)
            await Eventually.TrueAsync(async () => (await service("/topics")).Contains("first"));

        foreach (Func<string, Task<string>> service in services)
        {
            List<TimeSpan> published = [], subscribed = [], created = [], deleted = [];
            for (int i = 0; i < Times; i++)
            {
                string topic = $"t{i}";
                await socket.PublishAsync(topic, "x");
                published.Add(await TimeAsync(async () => (await service("/topics")).Contains($"\"{topic}\"")));
                await using NsqSocket consumer = await broker.Broker.OpenAsync();
                await consumer.SubscribeAsync(topic, "c");
                subscribed.Add(await TimeAsync(async () => (await service($"/channels?topic={topic}")).Contains("\"c\"")));
                Assert.Equal(200, (await broker.PostAsync($"/channel/create?topic={topic}&channel=d")).Status);
                created.Add(await TimeAsync(async () => (await service($"/channels?topic={topic}")).Contains("\"d\"")));
                Assert.Equal(200, (await broker.PostAsync($"/topic/delete?topic={topic}")).Status);
                // A service keeps the name of a topic that nobody has, without producers.
                deleted.Add(await TimeAsync(async () => !(await service($"/lookup?topic={topic}")).Contains("tcp_port")));
            }

            Assert.All([Median(published), Median(subscribed), Median(created), Median(deleted)], time => Assert.InRange(time, TimeSpan.Zero, Soon));
        }
    }

    [Fact]
    public async Task What_a_directory_told_nobody_is_found_when_it_knows_the_gateway_again()
    {
        await using HttpBroker broker = await StartAsync();
        using HttpClient own = HttpBroker.ClientOf(broker.Broker.EndPointOf("lookup HTTP"));
        await broker.Broker.PublishAsync("before", "x");
        await Eventually.TrueAsync(async () => (await TextAsync(own, "/topics")).Contains("before"));

        // As when the directory has moved to another silo.
        IDirectoryGrain directory = broker.Broker.Services.GetRequiredService<IGrainFactory>().GetGrain<IDirectoryGrain>(IDirectoryGrain.Key);
        await directory.RemoveGatewayAsync(broker.Broker.Services.GetRequiredService<NsqGateway>().Id);
        await broker.Broker.PublishAsync("untold", "x");
        Assert.True(await broker.Broker.Services.GetRequiredService<ClusterNodes>().IsAloneAsync());

        await Eventually.TrueAsync(async () => (await TextAsync(own, "/topics")).Contains("untold"));
    }

    private static Task<HttpBroker> StartAsync(RunningLookup? elsewhere = null) => HttpBroker.StartAsync(settings =>
    {
        settings.Gateway.BroadcastAddress = "first";
        settings.Lookup.TcpAddress = settings.Lookup.HttpAddress = "127.0.0.1:0";
        if (elsewhere is not null)
            settings.Gateway.LookupdTcpAddresses = [elsewhere.TcpEndPoint.ToString()];
    });

    private static async Task<string> TextAsync(HttpClient client, string path)
    {
        using HttpResponseMessage response = await client.GetAsync(path);
        return await response.Content.ReadAsStringAsync();
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task<bool>> condition)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
            if (elapsed > TimeSpan.FromMinutes(1))
                return elapsed;
            await Task.Delay(1);
        }
        return Stopwatch.GetElapsedTime(start);
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}
