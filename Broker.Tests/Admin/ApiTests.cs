using System.Net;
using System.Text.Json.Nodes;
using Broker.Policies;
using Broker.Tests.Http;
using Broker.Tests.Lookup;
using Broker.Tests.Running;
using Broker.Tests.Security;

namespace Broker.Tests.Admin;

/// <summary>The shapes of nsqadmin's API, and what it does, over two brokers and a lookup service (spec 5.1).</summary>
public sealed class ApiTests
{
    [Fact]
    public async Task Figures_of_several_brokers_are_one()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using HttpBroker one = await RegisteredAsync(lookup);
        await using HttpBroker two = await RegisteredAsync(lookup);
        await one.Broker.PublishAsync("t", "a", "b");
        await two.Broker.PublishAsync("t", "c");
        await one.PostAsync("/channel/create?topic=t&channel=c");
        await two.PostAsync("/channel/create?topic=t&channel=c");
        NsqSocket consumer = await one.Broker.SubscribeAsync("t", "c", ready: 1);
        await consumer.ExpectMessageAsync("a");
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings => settings.Admin.LookupdHttpAddresses = [lookup.HttpEndPoint.ToString()]);
        await lookup.Http.UntilAsync("/nodes", nodes => nodes.Split("\"topics\":[\"t\"]").Length == 3);

        JsonNode topic = await admin.JsonAsync("/api/topics/t");
        Assert.Equal(("*", "t", 3L), ((string?)topic["node"], (string?)topic["topic_name"], (long)topic["message_count"]!));
        Assert.Equal(2, topic["nodes"]!.AsArray().Count);
        Assert.Equal(
            "node hostname topic_name depth memory_depth backend_depth message_count delivery_msg_count nodes channels paused e2e_processing_latency message",
            string.Join(' ', topic.AsObject().Select(field => field.Key).Where(name => !name.EndsWith("local_msg_count", StringComparison.Ordinal) && name != "global_msg_count")));
        JsonNode sum = topic["channels"]!.AsArray().Single()!;
        Assert.Equal(("*", 2L, 1L, 1), ((string?)sum["node"], (long)sum["depth"]!, (long)sum["in_flight_count"]!, (int)sum["client_count"]!));

        JsonNode channel = await admin.JsonAsync("/api/topics/t/c");
        JsonNode client = channel["clients"]!.AsArray().Single()!;
        Assert.Equal($"127.0.0.1:{one.Broker.HttpEndPoint.Port}", (string?)client["node"]);
        Assert.Equal(0L, (long)client["connected"]! % 1_000_000_000);
        Assert.Equal("""{"count":0,"percentiles":null,"topic":"t","channel":"c","host":"*"}""", channel["e2e_processing_latency"]!.ToJsonString());
        (await admin.GetAsync("/api/topics/t/unknown")).IsError(404, "CHANNEL_NOT_FOUND");

        JsonNode nodes = await admin.JsonAsync("/api/nodes");
        Assert.Equal(2, nodes["nodes"]!.AsArray().Count);
        Assert.Equal("""[{"topic":"t","tombstoned":false}]""", nodes["nodes"]![0]!["topics"]!.ToJsonString());
        Assert.StartsWith($"{lookup.HttpEndPoint}/", (string?)nodes["nodes"]![0]!["remote_addresses"]!.AsArray().Single());

        JsonNode node = await admin.JsonAsync($"/api/nodes/127.0.0.1:{one.Broker.HttpEndPoint.Port}");
        Assert.Equal((2L, 1L), ((long)node["total_messages"]!, (long)node["total_clients"]!));
        JsonNode counter = await admin.JsonAsync("/api/counter");
        Assert.Equal(2, counter["stats"]!.AsObject().Count);
        Assert.Equal(2L, (long)counter["stats"]![$"t:c:127.0.0.1:{one.Broker.HttpEndPoint.Port}"]!["message_count"]!);
    }

    [Fact]
    public async Task A_channel_without_clients_has_null_in_all_and_none_on_each_node()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=t");
        await broker.PostAsync("/channel/create?topic=t&channel=c");
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker);

        JsonNode channel = await admin.JsonAsync("/api/topics/t/c");

        Assert.True(channel.AsObject().ContainsKey("clients"));
        Assert.Null(channel["clients"]);
        Assert.Empty(channel["nodes"]![0]!["clients"]!.AsArray());
        Assert.Contains("Nobody consumes this channel", (await admin.GetAsync("/topics/t/c")).Body);
    }

    [Fact]
    public async Task What_is_asked_for_is_done_on_all_brokers()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using HttpBroker one = await RegisteredAsync(lookup);
        await using HttpBroker two = await RegisteredAsync(lookup);
        await one.Broker.PublishAsync("t", "a");
        await two.Broker.PublishAsync("t", "b");
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings => settings.Admin.LookupdHttpAddresses = [lookup.HttpEndPoint.ToString()]);
        await lookup.Http.UntilAsync("/nodes", nodes => nodes.Split("\"topics\":[\"t\"]").Length == 3);

        await DoAsync(admin.PostAsync("/api/topics", """{"topic":"t","channel":"c"}"""));
        await DoAsync(admin.PostAsync("/api/topics/t", """{"action":"pause"}"""));
        await DoAsync(admin.PostAsync("/api/topics/t/c", """{"action":"pause"}"""));
        foreach (HttpBroker broker in (HttpBroker[])[one, two])
        {
            JsonNode topic = (await broker.StatsAsync())["topics"]![0]!;
            Assert.True((bool)topic["paused"]!);
            Assert.True((bool)topic["channels"]![0]!["paused"]!);
        }
        await DoAsync(admin.PostAsync("/api/topics/t", """{"action":"unpause"}"""));
        await DoAsync(admin.PostAsync("/api/topics/t/c", """{"action":"unpause"}"""));
        await DoAsync(admin.PostAsync("/api/topics/t/c", """{"action":"empty"}"""));
        await DoAsync(admin.PostAsync("/api/topics/t", """{"action":"empty"}"""));
        foreach (HttpBroker broker in (HttpBroker[])[one, two]) Assert.Equal(0, (int)(await broker.ChannelAsync("t", "c"))["depth"]!);
        await DoAsync(admin.DeleteAsync("/api/topics/t/c"));
        foreach (HttpBroker broker in (HttpBroker[])[one, two]) Assert.Empty((await broker.StatsAsync())["topics"]![0]!["channels"]!.AsArray());

        await DoAsync(admin.DeleteAsync($"/api/nodes/127.0.0.1:{two.Broker.HttpEndPoint.Port}", """{"topic":"t"}"""));
        Assert.Empty((await two.StatsAsync())["topics"]!.AsArray());
        Assert.Single((await one.StatsAsync())["topics"]!.AsArray());
        await DoAsync(admin.DeleteAsync("/api/topics/t"));
        Assert.Empty((await one.StatsAsync())["topics"]!.AsArray());
        Assert.Equal("[]", (await admin.JsonAsync("/api/topics"))["topics"]?.ToJsonString() ?? "[]");
    }

    [Fact]
    public async Task What_came_into_being_a_moment_ago_is_known()
    {
        await using AdminBroker broker = await AdminBroker.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            await broker.PostAsync($"/topic/create?topic=t{i}");
            Assert.StartsWith($$"""{"node":"*","hostname":"","topic_name":"t{{i}}",""", await broker.Web.GetStringAsync($"/api/topics/t{i}"));
        }
        using HttpResponseMessage unknown = await broker.Web.GetAsync("/api/topics/unknown");
        Assert.Equal(HttpStatusCode.BadGateway, unknown.StatusCode);
    }

    [Fact]
    public async Task A_broker_that_wants_encryption_is_asked_encrypted()
    {
        using TestCertificates certificates = new();
        await using HttpBroker broker = await HttpBroker.StartAsync(settings =>
        {
            settings.Gateway.HttpsAddress = "127.0.0.1:0";
            certificates.Configure(settings.Gateway.Tls);
            settings.Gateway.Tls.Required = TlsRequirement.All;
        });
        await using RunningAdmin strict = await RunningAdmin.OfAsync(broker.Broker);
        Assert.Equal(502, (await strict.GetAsync("/api/topics")).Status);
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings => settings.Admin.TlsInsecureSkipVerify = true);
        (await admin.GetAsync("/api/topics")).IsJson("""{"topics":null,"message":""}""");
    }

    [Fact]
    public async Task Answers_are_compressed_for_those_who_accept_it()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker);
        foreach (string encoding in (string[])["gzip", "deflate"])
        {
            using HttpRequestMessage request = new(HttpMethod.Get, "/api/nodes");
            request.Headers.Add("Accept-Encoding", encoding);
            using HttpResponseMessage response = await admin.ResponseAsync(request);
            Assert.Equal([encoding], response.Content.Headers.ContentEncoding);
        }
    }

    [Fact]
    public async Task A_browser_that_another_site_sends_changes_nothing()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=t");
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker);
        const string pause = """{"action":"pause"}""";
        (await admin.PostAsync("/api/topics/t", pause, ("Origin", "http://evil.example"))).IsError(403, "FORBIDDEN");
        (await admin.PostAsync("/api/topics/t", pause, ("Sec-Fetch-Site", "cross-site"))).IsError(403, "FORBIDDEN");
        (await admin.PostAsync("/api/topics/t", pause, ("Origin", $"http://{admin.EndPoint}"))).IsJson("""{"message":""}""");
    }

    private static async Task<HttpBroker> RegisteredAsync(RunningLookup lookup) => await HttpBroker.StartAsync(settings =>
        settings.Gateway.LookupdTcpAddresses = [lookup.TcpEndPoint.ToString()]);

    private static async Task DoAsync(Task<HttpReply> asked)
    {
        HttpReply reply = await asked;
        Assert.Equal((200, """{"message":""}"""), (reply.Status, reply.Body));
    }
}
