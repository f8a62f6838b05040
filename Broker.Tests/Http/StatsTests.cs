using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Broker.Tests.Running;

namespace Broker.Tests.Http;

/// <summary>The books that <c>/stats</c> shows (spec 3.4).</summary>
public sealed partial class StatsTests
{
    [Fact]
    public async Task The_books_follow_a_message_from_publish_to_finish()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(virtualTime: true);
        (await broker.PostAsync("/topic/create?topic=t")).IsText("");
        (await broker.PostAsync("/channel/create?topic=t&channel=c")).IsText("");
        (await broker.PostAsync("/pub?topic=t", "one")).IsText("OK");
        (await broker.PostAsync("/mpub?topic=t", "two\nthree")).IsText("OK");
        (await broker.PostAsync("/pub?topic=t&defer=3600000", "later")).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", stats => stats.MessageCount == 4);
        await AssertBooksAsync(broker, depth: 3, inFlight: 0, deferred: 1, requeued: 0, timedOut: 0);

        NsqSocket consumer = await broker.Broker.OpenAsync();
        await consumer.IdentifyAsync("""{"client_id":"me","hostname":"here","user_agent":"test/1+2","msg_timeout":30000}""");
        await consumer.SubscribeAsync("t", "c", ready: 2);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(2);
        await AssertBooksAsync(broker, depth: 1, inFlight: 2, deferred: 1, requeued: 0, timedOut: 0);

        await consumer.ReadyAsync(0);
        await consumer.FinishAsync(messages[0]);
        await consumer.RequeueAsync(messages[1], 600_000);
        await broker.Broker.UntilAsync("t", "c", stats => stats.Requeued == 1);
        await AssertBooksAsync(broker, depth: 1, inFlight: 0, deferred: 2, requeued: 1, timedOut: 0);

        await consumer.ReadyAsync(1);
        await consumer.ExpectMessageAsync();
        await consumer.ReadyAsync(0);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(31), consumer);
        await broker.Broker.UntilAsync("t", "c", stats => stats.TimedOut == 1);
        await AssertBooksAsync(broker, depth: 1, inFlight: 0, deferred: 2, requeued: 1, timedOut: 1);

        JsonNode client = null!;
        // The gateway is told of a time-out after it is counted.
        await Broker.Tests.Gateway.Eventually.TrueAsync(async () =>
        {
            client = (await broker.ChannelAsync("t", "c"))["clients"]!.AsArray().Single()!;
            return Number("in_flight_count") == 0;
        });
        Assert.Equal(("me", "here", "test/1+2", "V2"), (Text("client_id"), Text("hostname"), Text("user_agent"), Text("version")));
        Assert.Equal((3L, 0L, 0L, 3L, 1L, 1L), (Number("state"), Number("ready_count"), Number("in_flight_count"), Number("message_count"), Number("finish_count"), Number("requeue_count")));
        Assert.False(client.AsObject().ContainsKey("pub_counts"));
        Assert.False(client.AsObject().ContainsKey("authed"));

        string Text(string name) => (string)client[name]!;
        long Number(string name) => (long)client[name]!;
    }

    [Fact]
    public async Task Every_field_is_there_in_nsqds_order()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        NsqSocket client = await broker.Broker.OpenAsync();
        await client.SubscribeAsync("t", "c");
        await client.PublishAsync("t", "x");
        JsonNode stats = await broker.StatsAsync();
        Assert.Equal(["version", "health", "start_time", "topics", "memory", "producers"], NamesOf(stats));
        Assert.Equal(
            [
                "heap_objects", "heap_idle_bytes", "heap_in_use_bytes", "heap_released_bytes", "gc_pause_usec_100", "gc_pause_usec_99",
                "gc_pause_usec_95", "next_gc_bytes", "gc_total_runs",
            ],
            NamesOf(stats["memory"]!));
        // Of the heap, not of the machine.
        Assert.InRange((long)stats["memory"]!["next_gc_bytes"]!, (long)stats["memory"]!["heap_in_use_bytes"]!, GC.GetGCMemoryInfo().HighMemoryLoadThresholdBytes / 2);
        JsonNode topic = stats["topics"]![0]!;
        Assert.Equal(
            [
                "topic_name", "channels", "depth", "backend_depth", "message_count", "message_bytes", "paused", "e2e_processing_latency",
            ],
            NamesOf(topic));
        Assert.Equal("""{"count":0,"percentiles":null}""", topic["e2e_processing_latency"]!.ToJsonString());
        Assert.Equal(
            [
                "channel_name", "depth", "backend_depth", "in_flight_count", "deferred_count", "message_count", "requeue_count",
                "timeout_count", "client_count", "clients", "paused", "e2e_processing_latency", "dead_count",
            ],
            NamesOf(topic["channels"]![0]!));
        Assert.Equal(
            [
                "client_id", "hostname", "version", "remote_address", "state", "ready_count", "in_flight_count", "message_count",
                "finish_count", "requeue_count", "connect_ts", "sample_rate", "deflate", "snappy", "user_agent", "topology_zone",
                "topology_region", "pub_counts", "tls", "tls_cipher_suite", "tls_version", "tls_negotiated_protocol",
                "tls_negotiated_protocol_is_mutual",
            ],
            NamesOf(topic["channels"]![0]!["clients"]![0]!));
        Assert.Equal("""[{"topic":"t","count":1}]""", stats["producers"]![0]!["pub_counts"]!.ToJsonString());
    }

    [Fact]
    public async Task A_filter_narrows_topics_and_channels_but_not_producers()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        await broker.Broker.SubscribeAsync("b", "x");
        await broker.Broker.SubscribeAsync("a", "y");
        await broker.Broker.SubscribeAsync("a", "x");
        NsqSocket producer = await broker.Broker.OpenAsync();
        await producer.PublishAsync("b", "message");

        Assert.Equal(["a", "b"], TopicsOf(await broker.StatsAsync()));
        Assert.Equal(["x", "y"], ChannelsOf((await broker.StatsAsync())["topics"]![0]!));
        Assert.Equal(["a"], TopicsOf(await broker.StatsAsync("channel=y")));
        JsonNode both = await broker.StatsAsync("topic=a&channel=x");
        Assert.Equal(["x"], ChannelsOf(both["topics"]![0]!));
        Assert.False(both["producers"]![0]!.AsObject().ContainsKey("pub_counts"));
        Assert.Empty((await broker.StatsAsync("topic=b&channel=y"))["topics"]!.AsArray());
        Assert.Null((await broker.StatsAsync("include_clients=0"))["producers"]);
        Assert.False((await broker.StatsAsync("include_mem=false")).AsObject().ContainsKey("memory"));
        Assert.True((await broker.StatsAsync("include_mem=maybe")).AsObject().ContainsKey("memory"));
    }

    [Fact]
    public async Task A_first_channel_counts_the_backlog_that_it_takes_over()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/mpub?topic=t", "a\nb\nc")).IsText("OK");
        (await broker.PostAsync("/channel/create?topic=t&channel=c")).IsText("");
        JsonNode channel = await broker.ChannelAsync("t", "c");
        Assert.Equal((3, 3), ((int)channel["depth"]!, (int)channel["message_count"]!));
        (await broker.PostAsync("/channel/empty?topic=t&channel=c")).IsText("");
        Assert.Equal(0, (int)(await broker.ChannelAsync("t", "c"))["depth"]!);
    }

    [Fact]
    public async Task Text_has_nsqds_words_and_columns()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        NsqSocket consumer = await broker.Broker.OpenAsync();
        await consumer.IdentifyAsync("""{"hostname":"here","user_agent":"test/1"}""");
        await consumer.SubscribeAsync("t", "c", ready: 7);
        NsqSocket producer = await broker.Broker.OpenAsync();
        await producer.IdentifyAsync("""{"hostname":"there","user_agent":"pub"}""");
        await producer.PublishAsync("t", "x");
        await consumer.ExpectMessageAsync();
        (await broker.PostAsync("/channel/pause?topic=t&channel=c")).IsText("");
        (await broker.PostAsync("/topic/pause?topic=t")).IsText("");
        HttpReply reply = await broker.GetAsync("/stats?format=text");
        Assert.Equal("text/plain; charset=utf-8", reply.ContentType);

        string text = Varying().Replace(reply.Body, "#");
        Assert.Matches(
            """
            ^nsqd v1\.3\.0 \(built w/dotnet[0-9.]+\)
            start_time \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ
            uptime [0-9.]+(ms|s)

            Health: OK

            Memory:
               heap_objects             \t0

            """.ReplaceLineEndings("\n"),
            text);
        Assert.EndsWith(
            """
               gc_total_runs            	#

            Topics:
            *P [t              ] depth: 0     be-depth: 0     msgs: 1        e2e%:$
               *P [c                        ] depth: 0     be-depth: 0     inflt: 1    def: 0    re-q: 0     timeout: 0     msgs: 1        e2e%:$
                    [V2 here:# test/1    ] state: 3 inflt: 1    rdy: 7    fin: 0        re-q: 0        msgs: 1        connected: #

            Producers:
               [V2 there:# pub      ] msgs: 1        topics: t=1 connected: #

            """.ReplaceLineEndings("\n").Replace("$", " "),
            text);
        Assert.DoesNotContain("Memory:", (await broker.GetAsync("/stats?include_mem=0")).Body);
    }

    // Ports, times and the number of collections.
    [GeneratedRegex(@"(?<=here:|there:)\d+|(?<=connected: )[0-9hms]+|(?<=gc_total_runs\s+)\d+")]
    private static partial Regex Varying();

    private static async Task AssertBooksAsync(HttpBroker broker, int depth, int inFlight, int deferred, int requeued, int timedOut)
    {
        JsonNode channel = await broker.ChannelAsync("t", "c");
        Assert.Equal(
            (depth, inFlight, deferred, requeued, timedOut, 4),
            ((int)channel["depth"]!, (int)channel["in_flight_count"]!, (int)channel["deferred_count"]!, (int)channel["requeue_count"]!,
                (int)channel["timeout_count"]!, (int)channel["message_count"]!));
    }

    private static IEnumerable<string> NamesOf(JsonNode node) => node.AsObject().Select(property => property.Key).Where(name => name != "global_msg_count");

    private static IEnumerable<string> TopicsOf(JsonNode stats) => stats["topics"]!.AsArray().Select(topic => (string)topic!["topic_name"]!);

    private static IEnumerable<string> ChannelsOf(JsonNode topic) => topic["channels"]!.AsArray().Select(channel => (string)channel!["channel_name"]!);
}
