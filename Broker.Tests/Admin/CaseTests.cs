using System.Text.Json.Nodes;
using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Lookup;
using Broker.Tests.Running;
using Broker.Tests.Silo;

namespace Broker.Tests.Admin;

/// <summary>Cases 115 to 122 of the specification, and what else its section 5 says of the API, over real sockets.</summary>
public sealed class CaseTests
{
    // Nobody listens on it: reserved, and refused at once on loopback.
    private const string Nobody = "127.0.0.1:1";

    [Fact]
    public async Task Case_115_Without_the_header_nothing_can_be_changed_and_all_be_seen()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings => settings.Admin.AdminUsers = ["alice"]);
        (await broker.PostAsync("/topic/create?topic=t")).IsText("");

        (await admin.PostAsync("/api/topics/t", """{"action":"pause"}""")).IsError(403, "FORBIDDEN");
        (await admin.PostAsync("/api/topics/t", """{"action":"pause"}""", ("X-Forwarded-User", "bob"))).IsError(403, "FORBIDDEN");
        (await admin.PostAsync("/api/topics", """{"topic":"u"}""")).IsError(403, "FORBIDDEN");
        (await admin.DeleteAsync("/api/topics/t")).IsError(403, "FORBIDDEN");
        (await admin.DeleteAsync("/api/nodes/n:1", """{"topic":"t"}""")).IsError(403, "FORBIDDEN");
        Assert.Equal("""["t"]""", (await admin.JsonAsync("/api/topics"))["topics"]!.ToJsonString());
        Assert.False((bool)(await admin.JsonAsync("/api/topics/t"))["paused"]!);

        (await admin.PostAsync("/api/topics/t", """{"action":"pause"}""", ("X-Forwarded-User", "alice"))).IsJson("""{"message":""}""");
        Assert.True((bool)(await admin.JsonAsync("/api/topics/t"))["paused"]!);
    }

    [Fact]
    public async Task Case_116_An_unknown_action_is_refused()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker);
        (await admin.PostAsync("/api/topics/t", """{"action":"foo"}""")).IsError(400, "INVALID_ACTION");
        (await admin.PostAsync("/api/topics/t/c", """{"action":"foo"}""")).IsError(400, "INVALID_ACTION");
        (await admin.PostAsync("/api/topics/t", "foo")).IsError(400, "INVALID_BODY");
        (await admin.PostAsync("/api/topics", """{"topic":"a b"}""")).IsError(400, "INVALID_TOPIC");
        (await admin.PostAsync("/api/topics", """{"topic":"a","channel":"c!"}""")).IsError(400, "INVALID_CHANNEL");
        (await admin.DeleteAsync("/api/nodes/n:1", """{"topic":"a b"}""")).IsError(400, "INVALID_TOPIC");
        (await admin.DeleteAsync("/api/nodes/n:1", "?")).IsError(400, "INVALID_BODY");
    }

    [Fact]
    public async Task Case_117_An_unknown_node_is_not_found()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker);
        (await admin.GetAsync("/api/nodes/x:1")).IsError(404, "NODE_NOT_FOUND");
    }

    [Fact]
    public async Task Case_118_One_lookup_service_that_is_down_is_a_warning_and_all_are_an_error()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await lookup.Http.PostAsync("/topic/create?topic=t");
        await using RunningAdmin half = await RunningAdmin.StartAsync(settings =>
            settings.Admin.LookupdHttpAddresses = [lookup.HttpEndPoint.ToString(), Nobody]);
        JsonNode answer = await half.JsonAsync("/api/topics");
        Assert.Equal("""["t"]""", answer["topics"]!.ToJsonString());
        Assert.StartsWith($"WARNING: http://{Nobody}/topics: ", (string?)answer["message"]);

        await using RunningAdmin none = await RunningAdmin.StartAsync(settings => settings.Admin.LookupdHttpAddresses = [Nobody]);
        HttpReply reply = await none.GetAsync("/api/topics");
        Assert.Equal(502, reply.Status);
        Assert.StartsWith("""{"message":"UPSTREAM_ERROR: failed to query any nsqlookupd: """, reply.Body);
        Assert.Equal(502, (await none.GetAsync("/api/nodes")).Status);
        Assert.Equal(502, (await none.GetAsync("/api/counter")).Status);
    }

    [Fact]
    public async Task Case_119_Configuration_is_for_those_who_are_near_enough()
    {
        await using RunningAdmin far = await RunningAdmin.StartAsync(settings =>
        {
            settings.Admin.NsqdHttpAddresses = [Nobody];
            settings.Admin.AllowConfigFrom = Broker.Admin.AddressRange.Parse("10.0.0.0/8");
        });
        (await far.GetAsync("/config/log_level")).IsError(403, "FORBIDDEN");
        (await far.PutAsync("/config/log_level", "debug")).IsError(403, "FORBIDDEN");

        await using RunningAdmin near = await RunningAdmin.StartAsync(settings => settings.Admin.NsqdHttpAddresses = [Nobody]);
        (await near.GetAsync("/config/log_level")).IsJson("5");
        (await near.PutAsync("/config/log_level", "error")).IsJson("4");
        (await near.PutAsync("/config/log_level", "loud")).IsError(400, "INVALID_VALUE");
        (await near.PutAsync("/config/log_level", "")).IsError(413, "INVALID_VALUE");
        (await near.PutAsync("/config/base_path", "/x")).IsError(400, "INVALID_OPTION");
        (await near.GetAsync("/config/nothing")).IsError(400, "INVALID_OPTION");
        (await near.PutAsync("/config/nsqlookupd_http_addresses", """["127.0.0.1:2"]""")).IsJson("""["127.0.0.1:2"]""");
        (await near.GetAsync("/config/nsqlookupd_http_addresses")).IsJson("""["127.0.0.1:2"]""");
        (await near.PutAsync("/config/nsqlookupd_http_addresses", "no")).IsError(400, "INVALID_VALUE");
    }

    [Fact]
    public async Task Case_120_Everything_lies_under_the_base_path()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await using RunningAdmin admin = await RunningAdmin.OfAsync(broker.Broker, settings => settings.Admin.BasePath = "/foo");
        Assert.Equal((200, "OK"), ((await admin.GetAsync("/foo/ping")).Status, (await admin.GetAsync("/foo/ping")).Body));
        (await admin.GetAsync("/foo/api/topics")).IsJson("""{"topics":null,"message":""}""");
        HttpReply page = await admin.GetAsync("/foo");
        Assert.Equal((200, "text/html; charset=utf-8"), (page.Status, page.ContentType));
        Assert.Contains("href=\"/foo/nodes\"", page.Body);
        string style = page.Body.Split('"').First(text => text.StartsWith("/foo/static/admin.css", StringComparison.Ordinal));
        Assert.Equal("text/css; charset=utf-8", (await admin.GetAsync(style)).ContentType);
        HttpReply unknown = await admin.GetAsync("/foo/static/nothing.js");
        Assert.Equal((404, "NOT_FOUND"), (unknown.Status, unknown.Body));
        HttpReply slash = await admin.GetAsync("/foo/");
        Assert.Equal((301, "/foo"), (slash.Status, slash.Location));
        (await admin.GetAsync("/api/topics")).IsError(404, "NOT_FOUND");
        (await admin.GetAsync("/")).IsError(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Case_121_A_topic_without_producers_is_an_upstream_error()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await lookup.Http.PostAsync("/channel/create?topic=t&channel=c");
        await using RunningAdmin admin = await RunningAdmin.StartAsync(settings =>
            settings.Admin.LookupdHttpAddresses = [lookup.HttpEndPoint.ToString()]);
        HttpReply reply = await admin.GetAsync("/api/topics/t");
        Assert.Equal(502, reply.Status);
        Assert.StartsWith("""{"message":"UPSTREAM_ERROR: failed to query any nsqd: """, reply.Body);
        (await admin.GetAsync("/api/topics?inactive=true")).IsJson("""{"topics":{"t":["c"]},"message":""}""");
    }

    [Theory]
    [InlineData("--lookupd-http-address=a:1 --nsqd-http-address=b:2", "use --nsqd-http-address or --lookupd-http-address not both")]
    [InlineData("", "--nsqd-http-address or --lookupd-http-address required")]
    [InlineData("--nsqd-http-address=b:2 --http-client-tls-cert=c.pem", "--http-client-tls-key must be specified with --http-client-tls-cert")]
    [InlineData("--nsqd-http-address=b:2 --http-client-tls-key=k.pem", "--http-client-tls-cert must be specified with --http-client-tls-key")]
    [InlineData("--nsqd-http-address=b", "--nsqd-http-address: \"b\" is not an address; write it like 127.0.0.1:4151")]
    [InlineData("--nsqd-http-address=b:2 --allow-config-from-cidr=x", "--allow-config-from-cidr: \"x\" is no range of addresses; write it like 10.0.0.0/8 or 127.0.0.1")]
    public async Task Case_122_Settings_that_cannot_be_are_refused_in_nsqadmins_words(string arguments, string message) =>
        Assert.Equal(message, await ProgramRun.ComplaintOfAsync($"nsqadmin {arguments}"));

    [Fact]
    public async Task The_drop_in_takes_nsqadmins_flags()
    {
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(
            "nsqadmin -http-address=:1 --base-path=foo/ --lookupd-http-address=a:1,b:2 --lookupd-http-address c:3 --graphite-url=http://g:8080 --proxy-graphite "
            + "--statsd-prefix=p --statsd-counter-format=c --statsd-gauge-format=g --statsd-interval=10s --notification-http-endpoint=http://n/ "
            + "--http-client-connect-timeout=1s --http-client-request-timeout=3s --http-client-tls-insecure-skip-verify --http-client-tls-root-ca-file=ca "
            + "--http-client-tls-cert=crt --http-client-tls-key=key --allow-config-from-cidr= --acl-http-header=X-U --admin-user=a --admin-user=b "
            + "--dev-static-dir=d --log-level=warn");
        Broker.Admin.AdminOptions admin = settings.Admin;
        Assert.Equal((":1", "/foo", "http://g:8080", true), (admin.HttpAddress, admin.BasePath, admin.GraphiteUrl, admin.ProxyGraphite));
        Assert.Equal(["a:1", "b:2", "c:3"], admin.LookupdHttpAddresses);
        Assert.Equal(("p", "c", "g", TimeSpan.FromSeconds(10)), (admin.StatsdPrefix, admin.StatsdCounterFormat, admin.StatsdGaugeFormat, admin.StatsdInterval));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)), (admin.ConnectTimeout, admin.RequestTimeout));
        Assert.Equal((true, "ca", "crt", "key"), (admin.TlsInsecureSkipVerify, admin.TlsRootCaFile, admin.TlsCertificateFile, admin.TlsKeyFile));
        Assert.Equal((null, "X-U", "http://n/", "d"), (admin.AllowConfigFrom, admin.AclHttpHeader, admin.NotificationHttpEndpoint, admin.DevStaticDir));
        Assert.Equal(["a", "b"], admin.AdminUsers);
        Assert.Equal("[nsqadmin] ", settings.LogPrefix);
        Assert.Equal("0.0.0.0:4171", (await ProgramRun.SettingsOfAsync("nsqadmin --nsqd-http-address=b:2")).Admin.HttpAddress);
        Assert.Equal("127.0.0.1:4171", (await ProgramRun.SettingsOfAsync("")).Admin.HttpAddress);
        Assert.Equal("", (await ProgramRun.SettingsOfAsync("nsqd")).Admin.HttpAddress);
    }
}
