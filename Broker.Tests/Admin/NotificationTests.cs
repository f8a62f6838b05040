using System.Text.Json.Nodes;
using Broker.Gateway.Security;
using Broker.Tests.Gateway;
using Broker.Tests.Http;

namespace Broker.Tests.Admin;

/// <summary>Whom the admin web tells, and asks, beside brokers (spec 5.1).</summary>
public sealed class NotificationTests
{
    [Fact]
    public async Task The_notification_endpoint_is_told_of_actions()
    {
        await using ScriptedNode endpoint = await ScriptedNode.StartAsync(("/hook", "thanks"));
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings =>
            settings.Admin.NotificationHttpEndpoint = $"http://{endpoint.Address}/hook");
        string alice = Convert.ToBase64String("alice:x"u8);
        await admin.PostAsync("/api/topics", """{"topic":"t","channel":"c"}""", ("Authorization", $"Basic {alice}"), ("User-Agent", "test"));
        await admin.PostAsync("/api/topics/t/c", """{"action":"pause"}""");
        await admin.DeleteAsync("/api/topics/t");
        await Eventually.TrueAsync(() => endpoint.Requests.Count == 4);

        JsonNode[] notices = [.. endpoint.Requests.Select(request => JsonNode.Parse(request.Body)!)];
        Assert.Equal(["create_topic", "create_channel", "pause_channel", "delete_topic"], notices.Select(notice => (string)notice["action"]!));
        JsonNode first = notices[0];
        Assert.Equal(("t", "alice", "test", $"http://{admin.EndPoint}/api/topics"),
            ((string)first["topic"]!, (string)first["user"]!, (string)first["user_agent"]!, (string)first["url"]!));
        Assert.False(first.AsObject().ContainsKey("channel"));
        Assert.Equal("c", (string?)notices[1]["channel"]);
        Assert.StartsWith("127.0.0.1:", (string?)first["remote_ip"]);
        Assert.Equal(System.Net.Dns.GetHostName(), (string?)first["via"]);
        Assert.InRange((long)first["timestamp"]!, DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.False(notices[2].AsObject().ContainsKey("user"));
    }

    [Fact]
    public async Task Of_what_nobody_did_is_told_what_nsqadmin_tells()
    {
        await using ScriptedNode endpoint = await ScriptedNode.StartAsync(("/hook", "thanks"));
        await using ScriptedNode lookup = await ScriptedNode.StartAsync(("/topic/create", "{}"), ("/lookup", """{"producers":[]}"""));
        await using RunningAdmin nowhere = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.LookupdHttpAddresses = ["127.0.0.1:1"];
            settings.Admin.NotificationHttpEndpoint = $"http://{endpoint.Address}/hook";
        });
        await using RunningAdmin somewhere = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.LookupdHttpAddresses = [lookup.Address];
            settings.Admin.NotificationHttpEndpoint = $"http://{endpoint.Address}/hook";
        });
        foreach (string action in new[] { "pause", "unpause", "empty" })
            Assert.Equal(502, (await nowhere.PostAsync("/api/topics/lost/c", $$"""{"action":"{{action}}"}""")).Status);
        Assert.Equal(502, (await nowhere.DeleteAsync("/api/topics/lost")).Status);
        Assert.Equal(502, (await nowhere.DeleteAsync("/api/topics/lost/c")).Status);
        await somewhere.PostAsync("/api/topics", """{"topic":"found"}""");
        await Eventually.TrueAsync(() => endpoint.Requests.Count == 4);
        Assert.Equal(
            ["create_topic", "empty_channel", "pause_channel", "unpause_channel"],
            endpoint.Requests.Select(request => (string?)JsonNode.Parse(request.Body)!["action"]).Order());
    }

    [Theory]
    [InlineData("[[738.0,1500]]", """{"rate":"12.30"}""")]
    [InlineData("[[-1.0,1500]]", """{"rate":"N/A"}""")]
    public async Task Graphite_is_asked_for_a_rate(string points, string rate)
    {
        await using ScriptedNode graphite = await ScriptedNode.StartAsync(("/render", $$"""[{"target":"x","datapoints":{{points}}}]"""));
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.NsqdHttpAddresses = ["127.0.0.1:1"];
            settings.Admin.GraphiteUrl = $"http://user:pass@{graphite.Address}";
        });
        (await admin.GetAsync("/api/graphite?metric=rate&target=sumSeries(a)")).IsJson(rate);
        (string url, Microsoft.AspNetCore.Http.IHeaderDictionary headers, _) = graphite.Requests.Single();
        Assert.Equal("/render?format=json&from=-120sec&target=sumSeries%28a%29&until=-60sec", url);
        Assert.Equal("Basic dXNlcjpwYXNz", headers.Authorization);
        (await admin.GetAsync("/api/graphite?metric=depth&target=a")).IsError(400, "INVALID_ARG_METRIC");
        (await admin.GetAsync("/api/graphite?metric=rate")).IsError(400, "INVALID_ARG_TARGET");
        (await admin.GetAsync("/render?target=a")).IsError(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Graphite_is_reached_through_the_admin_web_when_that_is_asked_for()
    {
        await using ScriptedNode graphite = await ScriptedNode.StartAsync(("/render", "an image"));
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await broker.PostAsync("/topic/create?topic=t");
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings =>
        {
            settings.Admin.GraphiteUrl = $"http://{graphite.Address}";
            settings.Admin.ProxyGraphite = true;
        });
        Assert.Equal("an image", (await admin.GetAsync("/render?target=a&from=-2h")).Body);
        Assert.Equal("/render?target=a&from=-2h", graphite.Requests.Single().Url);
        string page = (await admin.GetAsync("/topics/t?t=12h")).Body;
        Assert.Contains("/render?target=sumSeries%28stats.gauges.nsq.%2A.topic.t.depth%29&amp;from=-12h", page);
    }

    [Fact]
    public async Task Graphite_that_does_not_answer_is_an_error()
    {
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.NsqdHttpAddresses = ["127.0.0.1:1"];
            settings.Admin.GraphiteUrl = "http://127.0.0.1:1";
        });
        (await admin.GetAsync("/api/graphite?metric=rate&target=a")).IsError(500, "INTERNAL_ERROR");
    }
}
