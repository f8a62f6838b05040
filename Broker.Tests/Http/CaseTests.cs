using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Tests.Running;
using Broker.Tests.Silo;
using Microsoft.Extensions.Logging;
// The one that checks folders is not meant.
using DataFolder = Broker.Tests.Running.DataFolder;

namespace Broker.Tests.Http;

/// <summary>The cases of spec 9, group "nsqd HTTP".</summary>
public sealed partial class CaseTests
{
    [Fact]
    public async Task Case_091_empty_messages_wrong_methods_and_unknown_paths_are_refused()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/pub?topic=t")).IsError(400, "MSG_EMPTY");
        (await broker.GetAsync("/pub")).IsError(405, "METHOD_NOT_ALLOWED");
        (await broker.GetAsync("/nope")).IsError(404, "NOT_FOUND");
    }

    [Fact]
    public async Task Case_092_an_empty_message_is_noticed_before_a_missing_topic()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/pub", "body")).IsError(400, "MISSING_ARG_TOPIC");
        (await broker.PostAsync("/pub")).IsError(400, "MSG_EMPTY");
    }

    [Theory]
    [InlineData("abc")]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("3600001")]
    [InlineData("99999999999999999999")]
    public async Task Case_093_a_bad_delay_is_refused_and_leaves_the_topic_behind(string delay)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync($"/pub?topic=t&defer={delay}", "body")).IsError(400, "INVALID_DEFER");
        Assert.Equal("t", (string?)(await broker.StatsAsync())["topics"]!.AsArray().Single()!["topic_name"]);
    }

    [Fact]
    public async Task Case_094_text_lines_are_messages_and_empty_ones_are_none()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/mpub?topic=t")).IsText("OK");
        Assert.Equal(0, (int)(await TopicAsync(broker))["message_count"]!);
        (await broker.PostAsync("/mpub?topic=t", "a\n\nb")).IsText("OK");
        Assert.Equal(2, (int)(await TopicAsync(broker))["message_count"]!);
        (await broker.PostAsync("/mpub?topic=t&binary=false", "\n\nc\r\nd\n")).IsText("OK");

        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 10);
        List<string> bodies = [];
        while (bodies.Count < 4)
            bodies.Add((await consumer.ExpectMessageAsync()).Text);
        Assert.Equal(["a", "b", "c\r", "d"], bodies.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Case_095_a_bad_binary_body_is_refused_whole()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/mpub?topic=t&binary=", [0, 0, 0, 0])).IsError(413, "BAD_BODY");
        (await broker.PostAsync("/mpub?topic=t&binary=true", [0, 0])).IsError(413, "BAD_BODY");
        (await broker.PostAsync("/mpub?topic=t&binary=1", [0, 0, 0, 2, 0, 0, 0, 1, 65, 0, 0, 0, 3, 66])).IsError(413, "BAD_MESSAGE");
        (await broker.PostAsync("/mpub?topic=t&binary=yes", [0, 0, 0, 1, 0, 0, 0, 0])).IsError(413, "BAD_MESSAGE");
        Assert.Equal(0, (int)(await TopicAsync(broker))["message_count"]!);
        (await broker.PostAsync("/mpub?topic=t&binary=true", [0, 0, 0, 2, 0, 0, 0, 1, 65, 0, 0, 0, 2, 66, 67, 9])).IsText("OK");
        JsonNode topic = await TopicAsync(broker);
        Assert.Equal((2, 3), ((int)topic["message_count"]!, (int)topic["message_bytes"]!));
    }

    [Fact]
    public async Task Case_096_what_is_done_answers_empty_and_only_ping_has_no_version()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/topic/create?topic=t")).IsText("");
        HttpReply ping = await broker.GetAsync("/ping");
        Assert.Equal((200, "OK", false), (ping.Status, ping.Body, ping.IsV1));
    }

    [Fact]
    public async Task Case_097_bad_names_are_called_by_the_endpoints_own_words()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/topic/create?topic=a:b")).IsError(400, "INVALID_TOPIC");
        (await broker.PostAsync("/topic/empty?topic=a:b")).IsError(400, "INVALID_TOPIC");
        (await broker.PostAsync("/pub?topic=a:b", "x")).IsError(400, "INVALID_TOPIC");
        (await broker.PostAsync("/mpub?topic=a:b", "x")).IsError(400, "INVALID_TOPIC");
        (await broker.PostAsync("/channel/create?topic=a:b&channel=c")).IsError(400, "INVALID_ARG_TOPIC");
        (await broker.PostAsync("/channel/create?topic=a&channel=c:d")).IsError(400, "INVALID_ARG_CHANNEL");
        (await broker.PostAsync("/channel/create?topic=a")).IsError(400, "MISSING_ARG_CHANNEL");
        (await broker.PostAsync("/channel/create?channel=c")).IsError(400, "MISSING_ARG_TOPIC");
        (await broker.PostAsync("/topic/delete?topic=a:b")).IsError(404, "TOPIC_NOT_FOUND");
        (await broker.PostAsync("/topic/pause?topic=")).IsError(404, "TOPIC_NOT_FOUND");
        (await broker.PostAsync("/topic/unpause")).IsError(400, "MISSING_ARG_TOPIC");
        (await broker.PostAsync("/topic/create?topic=a;b")).IsError(400, "INVALID_REQUEST");
    }

    [Fact]
    public async Task Case_098_a_channel_makes_no_topic()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/channel/create?topic=t&channel=c")).IsError(404, "TOPIC_NOT_FOUND");
        Assert.Empty((await broker.StatsAsync())["topics"]!.AsArray());
        (await broker.PostAsync("/topic/create?topic=t")).IsText("");
        foreach (string action in (string[])["delete", "empty", "pause", "unpause"])
            (await broker.PostAsync($"/channel/{action}?topic=t&channel=c")).IsError(404, "CHANNEL_NOT_FOUND");
        (await broker.PostAsync("/channel/create?topic=t&channel=c")).IsText("");
        (await broker.PostAsync("/channel/create?topic=t&channel=c")).IsText("");
        (await broker.PostAsync("/channel/delete?topic=t&channel=c")).IsText("");
        (await broker.PostAsync("/topic/delete?topic=t")).IsText("");
        (await broker.PostAsync("/topic/delete?topic=t")).IsError(404, "TOPIC_NOT_FOUND");
    }

    [Fact]
    public async Task Case_099_nothing_is_an_empty_list_and_an_unknown_topic_is_null()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        string fresh = (await broker.GetAsync("/stats?format=json")).Body;
        Assert.Contains("\"topics\":[]", fresh);
        Assert.Contains("\"producers\":null", fresh);
        Assert.Contains("\"topics\":null", (await broker.GetAsync("/stats?format=json&topic=missing")).Body);
        Assert.Contains("\nTopics: None\n", (await broker.GetAsync("/stats?topic=missing")).Body);
    }

    [Fact]
    public async Task Case_100_clients_are_counted_even_when_they_are_not_listed()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await broker.Broker.SubscribeAsync("t", "c");
        JsonNode channel = (await broker.StatsAsync("include_clients=false"))["topics"]![0]!["channels"]![0]!;
        Assert.Equal((1, true), ((int)channel["client_count"]!, channel.AsObject().ContainsKey("clients")));
        Assert.Null(channel["clients"]);
        Assert.Single((await broker.StatsAsync("include_clients=what"))["topics"]![0]!["channels"]![0]!["clients"]!.AsArray());
    }

    [Fact]
    public async Task Case_101_and_102_options_are_read_and_some_are_written()
    {
        using DataFolder data = new();
        BrokerSettings settings = await ProgramRun.SettingsOfAsync(
            $"--tcp-address=127.0.0.1:0 --http-address=127.0.0.1:0 --data-path={data.Path} --log-level=error --broadcast-address=here");
        await using BrokerHost host = await BrokerHost.CreateAsync(settings);
        await host.StartAsync();
        using HttpClient client = HttpBroker.ClientOf(System.Net.IPEndPoint.Parse(host.Listeners[1].BoundTo));

        (await PutAsync(client, "log_level", "debug")).IsJson("1");
        Assert.True(LoggerOf(host).IsEnabled(LogLevel.Debug));
        (await GetAsync(client, "log_level")).IsJson("1");
        (await PutAsync(client, "log_level", "FATAL")).IsJson("5");
        Assert.False(LoggerOf(host).IsEnabled(LogLevel.Error));
        (await PutAsync(client, "log_level", "loud")).IsError(400, "INVALID_VALUE");
        (await PutAsync(client, "log_level", "")).IsError(413, "INVALID_VALUE");
        (await PutAsync(client, "log_level", new string('x', settings.Gateway.MaxMsgSize + 1))).IsError(413, "INVALID_VALUE");
        (await PutAsync(client, "msg_timeout", "1s")).IsError(400, "INVALID_OPTION");
        (await GetAsync(client, "no_such_option")).IsError(400, "INVALID_OPTION");
        (await GetAsync(client, "msg_timeout")).IsJson("60000000000");
        (await GetAsync(client, "nsqlookupd_tcp_addresses")).IsJson("[]");
        (await GetAsync(client, "e2e_processing_latency_percentiles")).IsJson("[]");
        (await GetAsync(client, "max_rdy_count")).IsJson("2500");
        (await GetAsync(client, "deflate")).IsJson("true");
        (await GetAsync(client, "broadcast_address")).IsText("here");
        (await GetAsync(client, "tls_required")).IsJson("0");
        (await GetAsync(client, "tls_min_version")).IsJson("771");
        (await GetAsync(client, "broadcast_tcp_port")).IsJson($"{System.Net.IPEndPoint.Parse(host.Listeners[0].BoundTo).Port}");
        int port = System.Net.IPEndPoint.Parse(host.Listeners[1].BoundTo).Port;
        (await GetAsync(client, "broadcast_http_port")).IsJson($"{port}");
        (await GetAsync(client, "statsd_prefix")).IsText($"nsq.here_{port}.");
        (await GetAsync(client, "verbose")).IsError(400, "INVALID_OPTION");
        (await GetAsync(client, "id")).IsJson($"{settings.Queue.NodeId}");
        await host.StopAsync();
    }

    [Fact]
    public async Task Case_103_a_disk_that_fails_is_told_until_a_write_succeeds()
    {
        string folder = "";
        await using HttpBroker broker = await HttpBroker.StartAsync(settings =>
        {
            folder = settings.Storage.DataPath;
            settings.StorageKind = StorageKind.Files;
            settings.Storage.MaxBytesPerFile = 1;
        });
        (await broker.PostAsync("/pub?topic=t", "x")).IsText("OK");

        // A folder where the topic's next file is to be.
        string obstacle = Path.Combine(folder, "topics", "t", "00000000000000000001.log");
        Directory.CreateDirectory(obstacle);
        (await broker.PostAsync("/pub?topic=t", "x")).IsError(503, "EXITING");
        HttpReply ping = await broker.GetAsync("/ping");
        Assert.Equal(500, ping.Status);
        Assert.StartsWith("NOK - ", ping.Body);
        Assert.Equal(ping.Body, (string?)(await broker.StatsAsync())["health"]);
        Assert.Contains($"\nHealth: {ping.Body}\n", (await broker.GetAsync("/stats")).Body);

        Directory.Delete(obstacle);
        (await broker.PostAsync("/pub?topic=t", "x")).IsText("OK");
        Assert.Equal("OK", (await broker.GetAsync("/ping")).Body);
    }

    [Fact]
    public async Task Case_104_a_paused_topic_is_paused_after_a_kill()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync("--http-address=127.0.0.1:0");
        using (HttpClient client = HttpBroker.ClientOf(await HttpEndPointAsync(broker)))
        {
            await PostAsync(client, "/pub?topic=t", "x");
            await PostAsync(client, "/topic/pause?topic=t");
        }
        await broker.KillAsync();
        await broker.StartAsync();
        using (HttpClient client = HttpBroker.ClientOf(await HttpEndPointAsync(broker)))
        {
            JsonNode stats = JsonNode.Parse(await client.GetStringAsync("/stats?format=json&topic=t"))!;
            Assert.True((bool)stats["topics"]![0]!["paused"]!);
            Assert.Contains("\n*P [t              ] ", await client.GetStringAsync("/stats?topic=t"));
        }
    }

    [Fact]
    public async Task Case_105_nothing_acknowledged_is_lost_by_a_kill()
    {
        await using BrokerProcess broker = await BrokerProcess.StartAsync("--http-address=127.0.0.1:0");
        using (HttpClient client = HttpBroker.ClientOf(await HttpEndPointAsync(broker)))
        {
            await PostAsync(client, "/topic/create?topic=t");
            await PostAsync(client, "/channel/create?topic=t&channel=c");
            for (int i = 0; i < 100; i++)
                await PostAsync(client, "/pub?topic=t", $"{i}");
        }
        await broker.KillAsync();
        await broker.StartAsync();
        using (HttpClient client = HttpBroker.ClientOf(await HttpEndPointAsync(broker)))
        {
            JsonNode stats = JsonNode.Parse(await client.GetStringAsync("/stats?format=json&topic=t"))!;
            Assert.Equal(100, (int)stats["topics"]![0]!["channels"]![0]!["depth"]!);
        }
    }

    [GeneratedRegex(@"HTTP: listening on (\S+)")]
    private static partial Regex HttpListening();

    private static async Task<System.Net.IPEndPoint> HttpEndPointAsync(BrokerProcess broker)
    {
        Match match = Match.Empty;
        await Broker.Tests.Gateway.Eventually.TrueAsync(() => (match = HttpListening().Match(broker.Output)).Success);
        return System.Net.IPEndPoint.Parse(match.Groups[1].Value);
    }

    private static async Task<JsonNode> TopicAsync(HttpBroker broker) => (await broker.StatsAsync("topic=t"))["topics"]![0]!;

    private static ILogger LoggerOf(BrokerHost host) =>
        ((ILoggerFactory)host.Services.GetService(typeof(ILoggerFactory))!).CreateLogger("Broker.Tests");

    private static async Task<HttpReply> GetAsync(HttpClient client, string option) =>
        await HttpReply.OfAsync(await client.GetAsync($"/config/{option}"));

    private static async Task<HttpReply> PutAsync(HttpClient client, string option, string value) =>
        await HttpReply.OfAsync(await client.PutAsync($"/config/{option}", new StringContent(value)));

    private static async Task PostAsync(HttpClient client, string path, string body = "") =>
        (await client.PostAsync(path, new StringContent(body))).EnsureSuccessStatusCode();
}
