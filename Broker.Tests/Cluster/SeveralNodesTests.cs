using System.Text.Json.Nodes;
using Broker.Gateway.Cluster;
using Broker.Gateway.Connections;
using Broker.Grains.Topics;
using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Cluster;

/// <summary>What the nodes of a cluster tell of themselves and of each other.</summary>
public sealed class SeveralNodesTests
{
    [Fact]
    public async Task Figures_wait_until_a_node_that_starts_has_opened_what_it_hosts()
    {
        await using HttpBroker first = await StartAsync();
        await first.Broker.SubscribeAsync("t", "c");
        HostedTopics hosted = new();
        await using SecondGateway second = await SecondGateway.StartAsync(first.Broker, hosted);

        Task<HttpReply> asked = second.GetAsync("/stats?format=json&topic=t");
        Assert.Single((await StatsAsync(second, "&cluster=1"))["topics"]!.AsArray());
        Assert.False(asked.IsCompleted);
        hosted.Add("t");
        hosted.Settle();

        Assert.Equal("t", (string)JsonNode.Parse((await asked).Body)!["topics"]![0]!["topic_name"]!);
    }

    [Fact]
    public async Task Figures_of_all_nodes_add_up()
    {
        await using HttpBroker first = await StartAsync();
        await using SecondGateway second = await SecondGateway.StartAsync(first.Broker);
        await first.Broker.SubscribeAsync("t", "c");
        await using NsqSocket here = await NsqSocket.OpenAsync(second.TcpEndPoint);
        await here.SubscribeAsync("t", "c");
        await using NsqSocket alsoHere = await NsqSocket.OpenAsync(second.TcpEndPoint);
        await alsoHere.SubscribeAsync("t", "d");
        await here.PublishAsync("t", "one", "two");
        await first.Broker.UntilAsync("t", "c", stats => stats.Depth == 2);
        await first.Broker.UntilAsync("t", "d", stats => stats.Depth == 2);

        JsonNode own = await StatsAsync(second, "");
        Assert.Equal((0, 0), ((int)own["topics"]![0]!["depth"]!, (int)own["topics"]![0]!["message_count"]!));
        Assert.Equal([("c", 0, 1), ("d", 0, 1)], ChannelsOf(own));
        Assert.Single(own["topics"]![0]!["channels"]![0]!["clients"]!.AsArray());
        Assert.Equal("t", (string)own["producers"]![0]!["pub_counts"]![0]!["topic"]!);

        Assert.Equal([("d", 0, 1)], ChannelsOf(await StatsAsync(second, "&topic=t&channel=d&include_clients=false")));
        Assert.Empty((await StatsAsync(second, "&topic=other"))["topics"]?.AsArray() ?? []);

        Assert.Equal([("c", 2, 2), ("d", 2, 1)], ChannelsOf(await StatsAsync(second, "&cluster=1")));
        Assert.Equal([("c", 2, 2)], ChannelsOf(await StatsAsync(second, "&cluster=1&topic=t&channel=c")));
    }

    [Fact]
    public async Task Every_lookup_service_names_every_node_that_lives()
    {
        await using HttpBroker first = await StartAsync();
        await using (SecondGateway second = await SecondGateway.StartAsync(first.Broker))
        {
            await first.Broker.PublishAsync("t", "x");
            await Eventually.TrueAsync(async () => (await NodesAsync(await second.LookUpAsync("/lookup?topic=t"))).SequenceEqual(["first", "second"]));
            await Eventually.TrueAsync(async () => (await NodesAsync(await second.LookUpAsync("/nodes"))).SequenceEqual(["first", "second"]));
            await Eventually.TrueAsync(async () => (await NodesAsync(await LookUpAsync(first, "/lookup?topic=t"))).SequenceEqual(["first", "second"]));
            await first.Broker.PublishAsync("later", "x");
            await Eventually.TrueAsync(async () => (await NodesAsync(await LookUpAsync(first, "/lookup?topic=later"))).SequenceEqual(["first", "second"]));
        }

        await Eventually.TrueAsync(async () => (await NodesAsync(await LookUpAsync(first, "/lookup?topic=t"))).SequenceEqual(["first"]));
        await Eventually.TrueAsync(async () => (await NodesAsync(await LookUpAsync(first, "/nodes"))).SequenceEqual(["first"]));
    }

    [Fact]
    public async Task A_tombstone_takes_one_node_out_of_lookup_and_deletes_nothing()
    {
        await using HttpBroker first = await StartAsync();
        await using SecondGateway second = await SecondGateway.StartAsync(first.Broker);
        await first.Broker.PublishAsync("t", "x");
        await Eventually.TrueAsync(async () => (await NodesAsync(await second.LookUpAsync("/lookup?topic=t"))).Contains("second"));

        // What nsqadmin does.
        Assert.Equal(200, (await second.PostToLookupAsync($"/topic/tombstone?topic=t&node={second.NodeName}")).Status);
        Assert.Equal(200, (await second.PostAsync("/topic/delete?topic=t")).Status);

        Assert.True((await first.Broker.StatsAsync("t")).Exists);
        Assert.Equal(["first"], await NodesAsync(await second.LookUpAsync("/lookup?topic=t")));

        Assert.Equal(200, (await first.PostAsync("/topic/delete?topic=t")).Status);
        Assert.False((await first.Broker.StatsAsync("t")).Exists);
    }

    [Fact]
    public async Task A_node_is_alone_only_when_no_other_has_lived_lately()
    {
        await using HttpBroker first = await StartAsync();
        ClusterNodes own = first.Broker.Services.GetRequiredService<ClusterNodes>();
        Assert.True(await own.IsAloneAsync());

        await using SecondGateway second = await SecondGateway.StartAsync(first.Broker);
        ClusterNodes others = second.Services.GetRequiredService<ClusterNodes>();
        // Neither waits for its next turn to renew.
        Assert.False(await others.IsAloneAsync());
        Assert.False(await own.IsAloneAsync());

        // As when the directory starts anew and knows nobody.
        string id = first.Broker.Services.GetRequiredService<NsqGateway>().Id;
        await first.Broker.Services.GetRequiredService<IGrainFactory>().GetGrain<IDirectoryGrain>(IDirectoryGrain.Key).RemoveGatewayAsync(id);
        Assert.False(await others.IsAloneAsync());
    }

    [Fact]
    public async Task A_client_of_any_node_gets_everything_of_its_channel()
    {
        await using HttpBroker first = await StartAsync();
        await using SecondGateway second = await SecondGateway.StartAsync(first.Broker);
        await using NsqSocket consumer = await NsqSocket.OpenAsync(second.TcpEndPoint);
        await consumer.SubscribeAsync("t", "c", ready: 10);
        await first.Broker.PublishAsync("t", "one", "two", "three");
        foreach (NsqMessage message in await consumer.ExpectMessagesAsync(3)) await consumer.FinishAsync(message);
        await first.Broker.UntilAsync("t", "c", stats => stats is { Finished: 3, InFlight: 0, Depth: 0 });
    }

    private static Task<HttpBroker> StartAsync() => HttpBroker.StartAsync(settings =>
    {
        settings.Gateway.BroadcastAddress = "first";
        settings.Lookup.TcpAddress = settings.Lookup.HttpAddress = "127.0.0.1:0";
    });

    private static async Task<JsonNode> StatsAsync(SecondGateway gateway, string filter)
    {
        HttpReply reply = await gateway.GetAsync($"/stats?format=json{filter}");
        Assert.Equal(200, reply.Status);
        return JsonNode.Parse(reply.Body)!;
    }

    private static (string, int, int)[] ChannelsOf(JsonNode stats) =>
    [
        .. stats["topics"]!.AsArray().Single()!["channels"]!.AsArray()
            .Select(channel => ((string)channel!["channel_name"]!, (int)channel["depth"]!, (int)channel["client_count"]!)),
    ];

    private static async Task<HttpReply> LookUpAsync(HttpBroker broker, string path)
    {
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.EndPointOf("lookup HTTP"));
        using HttpResponseMessage response = await client.GetAsync(path);
        return await HttpReply.OfAsync(response);
    }

    private static Task<IEnumerable<string>> NodesAsync(HttpReply reply)
    {
        IEnumerable<JsonNode?> producers = reply.Status == 200 ? JsonNode.Parse(reply.Body)!["producers"]!.AsArray() : [];
        return Task.FromResult<IEnumerable<string>>([.. producers.Select(producer => (string)producer!["broadcast_address"]!).Order(StringComparer.Ordinal)]);
    }
}
