using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Policies;
using Broker.Tests.Running;

namespace Broker.Tests.Http;

/// <summary>A channel's dead letters: looked at, downloaded, thrown away, and sent back.</summary>
public sealed class DeadTests
{
    private const string Channel = "topic=t&channel=c";

    [Fact]
    public async Task Dead_letters_are_shown_page_by_page_in_the_order_of_death()
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 2);
        await using NsqSocket consumer = await SubscribeAsync(broker, "mailer");
        await KillAsync(broker, consumer, 25);
        await broker.Broker.RestartAsync();
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.HttpEndPoint);
        List<JsonNode> seen = [];
        string after = "";
        do
        {
            JsonNode page = JsonNode.Parse(await client.GetStringAsync(new Uri($"/channel/dead?{Channel}&limit=10{after}", UriKind.Relative)))!;
            Assert.Equal(25, (int)page["dead_count"]!);
            Assert.True((long)page["dead_bytes"]! > 25 * 32);
            seen.AddRange(page["messages"]!.AsArray().Select(message => message!));
            after = page["next"] is { } next ? $"&after={(string?)next}" : "";
        }
        while (after.Length > 0);
        Assert.Equal(Enumerable.Range(0, 25), seen.Select(letter => (int)letter["number"]!));
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"poison {i}").Order(), seen.Select(Body).Order());
        Assert.Equal(25, seen.Select(letter => (string)letter["id"]!).Distinct().Count());
        JsonNode first = seen[0];
        Assert.Equal(
            (2, "requeued", "mailer", 8, false),
            ((int)first["attempts"]!, (string)first["cause"]!, (string)first["client_id"]!, (int)first["size"]!, (bool)first["truncated"]!));
        Assert.StartsWith("127.0.0.1:", (string)first["client"]!, StringComparison.Ordinal);
        Assert.True((long)first["died"]! > 0 && (long)first["timestamp"]! > 0);
        JsonNode cut = JsonNode.Parse(await client.GetStringAsync(new Uri($"/channel/dead?{Channel}&limit=1&body_limit=3", UriKind.Relative)))!["messages"]![0]!;
        Assert.Equal(("poi", true, 8), (Body(cut), (bool)cut["truncated"]!, (int)cut["size"]!));
        Assert.Equal(25, (int)JsonNode.Parse(await client.GetStringAsync(new Uri("/stats?format=json", UriKind.Relative)))!["topics"]![0]!["channels"]![0]!["dead_count"]!);
    }

    [Fact]
    public async Task Those_that_are_meant_are_thrown_away_and_no_others()
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 1);
        await using NsqSocket consumer = await SubscribeAsync(broker, "c", timeout: 5000);
        await KillAsync(broker, consumer, 5);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(60), consumer);
        await broker.Broker.PublishAsync("t", "slow 0", "slow 1");
        await consumer.ExpectMessagesAsync(2);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(7), consumer);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 7, InFlight: 0 });

        JsonNode[] all = await ListAsync(broker, "");
        Assert.Equal(["slow 0", "slow 1"], (await ListAsync(broker, "&cause=timed_out")).Select(Body).Order());
        Assert.Empty(await ListAsync(broker, "&cause=expired"));
        Assert.Equal(5, (await ListAsync(broker, "&older_than=30000")).Length);
        Assert.Equal(2, (await ListAsync(broker, "&younger_than=30000")).Length);
        string[] ids = [.. all.Select(letter => (string)letter["id"]!)];
        Assert.Equal([ids[1], ids[6]], (await ListAsync(broker, $"&id={ids[6]},{ids[1]}")).Select(letter => (string)letter["id"]!));

        string[] lines = (await broker.GetAsync($"/channel/dead/download?{Channel}")).Body.TrimEnd('\n').Split('\n');
        Assert.Equal(all.Select(letter => letter.ToJsonString()), lines.Select(line => JsonNode.Parse(line)!.ToJsonString()));

        (await broker.PostAsync($"/channel/dead/discard?{Channel}&id={ids[1]}")).IsJson("""{"discarded":1}""");
        (await broker.PostAsync($"/channel/dead/discard?{Channel}&older_than=30000&cause=requeued")).IsJson("""{"discarded":4}""");
        Assert.Equal(["slow 0", "slow 1"], (await ListAsync(broker, "")).Select(Body).Order());
        (await broker.PostAsync($"/channel/dead/discard?{Channel}")).IsJson("""{"discarded":2}""");
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 0, DeadBytes: 0, Discarded: 7 });
        Assert.Empty(await ListAsync(broker, ""));
        await broker.Broker.RestartAsync();
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 0, StartedWith: 0 });
    }

    [Fact]
    public async Task What_is_sent_back_comes_to_its_channel_alone_with_its_attempts_from_1()
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 2);
        await broker.Broker.Topic("t").CreateChannelAsync("other");
        await using NsqSocket consumer = await SubscribeAsync(broker, "c");
        string[] killed = await KillAsync(broker, consumer, 3);
        await broker.Broker.UntilAsync("t", "other", stats => stats.Depth == 3);

        Assert.True((bool)(await JsonAsync(broker.PostAsync($"/channel/redrive?{Channel}")))["running"]!);
        await broker.Broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(2));
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(3);
        Assert.Equal(killed.Order(), messages.Select(message => message.Id).Order());
        Assert.All(messages, message => Assert.Equal(1, message.Attempts));
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 0, InFlight: 3 });
        JsonNode told = await JsonAsync(broker.GetAsync($"/channel/redrive?{Channel}"));
        Assert.Equal((false, 3, 3, 3), ((bool)told["running"]!, (int)told["sent"]!, (int)told["looked_at"]!, (int)told["of"]!));

        // Two are good now, and one dies again, which this redrive does not bring back.
        await consumer.FinishAsync(messages[0]);
        await consumer.FinishAsync(messages[1]);
        await consumer.RequeueAsync(messages[2], 0);
        NsqMessage again = (await consumer.ExpectMessagesAsync(1))[0];
        Assert.Equal((messages[2].Id, 2), (again.Id, again.Attempts));
        await consumer.RequeueAsync(again, 0);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 1, InFlight: 0, Finished: 2, Depth: 0 });
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(10), consumer);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 1, InFlight: 0 });
        Assert.Equal(3, (await broker.Broker.StatsAsync("t", "other"))!.Depth);
        await broker.Broker.RestartAsync();
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Dead: 1, Depth: 0, StartedWith: 1 });
    }

    [Fact]
    public async Task A_redrive_keeps_to_its_rate_and_goes_on_over_a_restart_until_it_is_stopped()
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 1);
        await using NsqSocket consumer = await SubscribeAsync(broker, "c");
        await KillAsync(broker, consumer, 60);
        await consumer.ReadyAsync(0);
        await broker.PostAsync($"/channel/redrive?{Channel}&rate=10");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        await broker.Broker.UntilAsync("t", "c", stats => stats.Depth is >= 10 and <= 21 && stats.Depth + stats.Dead == 60);

        await broker.Broker.RestartAsync();
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.HttpEndPoint);
        Uri redrive = new($"/channel/redrive?{Channel}", UriKind.Relative);
        await broker.Broker.UntilAsync("t", "c", stats => stats.Depth + stats.Dead == 60);
        Assert.True((bool)JsonNode.Parse(await client.GetStringAsync(redrive))!["running"]!);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(2));
        await broker.Broker.UntilAsync("t", "c", stats => stats.Depth is >= 20 and <= 42);
        using HttpResponseMessage stopped = await client.PostAsync(new Uri($"/channel/redrive/stop?{Channel}", UriKind.Relative), null);
        Assert.False((bool)JsonNode.Parse(await stopped.Content.ReadAsStringAsync())!["running"]!);
        long depth = (await broker.Broker.StatsAsync("t", "c"))!.Depth;
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(depth, (await broker.Broker.StatsAsync("t", "c"))!.Depth);
        await broker.Broker.RestartAsync();
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(5));
        await broker.Broker.UntilAsync("t", "c", stats => stats.Depth == depth && stats.Dead == 60 - depth);
    }

    [Fact]
    public async Task A_redrive_waits_for_a_channel_that_delivers_nothing()
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 1);
        await using NsqSocket consumer = await SubscribeAsync(broker, "c");
        for (int i = 0; i < 3; i++)
            await KillAsync(broker, consumer, 500);
        await consumer.ReadyAsync(0);
        await broker.PostAsync($"/channel/redrive?{Channel}");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Depth: 1_000, Dead: 500 });
        await consumer.ReadyAsync(2_500);
        await broker.Broker.PassUntilFrameAsync(consumer, TimeSpan.FromSeconds(2));
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { InFlight: 1_500, Dead: 0 });
    }

    [Fact]
    public async Task What_has_expired_is_shown_with_its_cause_and_counted_as_expired()
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 1);
        Assert.Equal(200, (await broker.PutAsync($"/channel/policy?{Channel}", """{"max_age":10000,"expired":"dead_letter"}""")).Status);
        await using NsqSocket producer = await broker.Broker.OpenAsync();
        await producer.PublishAsync("t", "late");
        await broker.Broker.UntilAsync("t", "c", stats => stats.Depth == 1);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(11), producer);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Depth: 0, Dead: 1 } && stats.DeadBytes > 0);
        JsonNode letter = Assert.Single(await ListAsync(broker, "&cause=expired"));
        Assert.Equal(
            ("late", 0, "", ""), (Body(letter), (int)letter["attempts"]!, (string)letter["client"]!, (string)letter["client_id"]!));
        JsonNode stats = await broker.ChannelAsync("t", "c");
        Assert.Equal((1, 1), ((int)stats["expired_count"]!, (int)stats["dead_count"]!));

        // Without a bound of age it can be delivered after all.
        await broker.PutAsync($"/channel/policy?{Channel}", "{}");
        await broker.PostAsync($"/channel/redrive?{Channel}");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(1), producer);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Depth: 1, Dead: 0 });
    }

    [Theory]
    [InlineData("/channel/dead", 400, "MISSING_ARG_TOPIC")]
    [InlineData("/channel/dead?topic=t", 400, "MISSING_ARG_CHANNEL")]
    [InlineData("/channel/dead?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    [InlineData("/channel/dead?topic=no&channel=c", 404, "TOPIC_NOT_FOUND")]
    [InlineData("/channel/dead?topic=t&channel=c&limit=0", 400, "INVALID_ARG_LIMIT")]
    [InlineData("/channel/dead?topic=t&channel=c&after=x", 400, "INVALID_ARG_LIMIT")]
    [InlineData("/channel/dead?topic=t&channel=c&id=12", 400, "INVALID_ARG_ID")]
    [InlineData("/channel/dead?topic=t&channel=c&cause=bad", 400, "cause must be one of requeued, timed_out, consumer_lost, expired")]
    [InlineData("/channel/dead?topic=t&channel=c&older_than=-1", 400, "older_than must be a whole number of milliseconds since the message died")]
    [InlineData("/channel/dead/download?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    [InlineData("/channel/redrive?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    public async Task A_bad_request_gets_its_error(string path, int status, string code)
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 1);
        (await broker.GetAsync(path)).IsError(status, code);
    }

    [Theory]
    [InlineData("/channel/dead/discard?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    [InlineData("/channel/redrive?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    [InlineData("/channel/redrive?topic=t&channel=c&rate=0", 400, "rate must be a whole number of messages a second from 1 to 1000000")]
    [InlineData("/channel/redrive/stop?topic=no&channel=c", 404, "TOPIC_NOT_FOUND")]
    public async Task A_bad_command_gets_its_error(string path, int status, string code)
    {
        await using HttpBroker broker = await StartAsync(maxAttempts: 1);
        (await broker.PostAsync(path)).IsError(status, code);
    }

    private static async Task<HttpBroker> StartAsync(int maxAttempts)
    {
        HttpBroker broker = await HttpBroker.StartAsync(virtualTime: true);
        await broker.Broker.Topic("t").CreateChannelAsync("c");
        Assert.True((await broker.Broker.Topic("t").ChangeChannelPolicyAsync("c", new ChannelPolicy { MaxAttempts = maxAttempts }, expected: null)).IsOk);
        return broker;
    }

    private static async Task<NsqSocket> SubscribeAsync(HttpBroker broker, string clientId, int timeout = 60_000)
    {
        NsqSocket consumer = await broker.Broker.OpenAsync();
        await consumer.IdentifyAsync($$"""{"client_id":"{{clientId}}","msg_timeout":{{timeout.ToString(CultureInfo.InvariantCulture)}},"output_buffer_size":-1}""");
        await consumer.SubscribeAsync("t", "c", ready: 500);
        return consumer;
    }

    /// <summary>Requeues messages until they are dead; gives their ids.</summary>
    private static async Task<string[]> KillAsync(HttpBroker broker, NsqSocket consumer, int count)
    {
        long before = (await broker.Broker.StatsAsync("t", "c"))!.Dead;
        await broker.Broker.PublishAsync("t", [.. Enumerable.Range(0, count).Select(i => $"poison {i}")]);
        HashSet<string> ids = [];
        int attempts = (await broker.Broker.Topic("t").PolicyAsync("c")).Channel.MaxAttempts!.Value;
        for (int left = count * attempts; left > 0; left--)
        {
            NsqMessage message = (await consumer.ExpectMessagesAsync(1))[0];
            ids.Add(message.Id);
            await consumer.RequeueAsync(message, 0);
        }

        await broker.Broker.UntilAsync("t", "c", stats => stats is { InFlight: 0, Depth: 0 } && stats.Dead == before + count);
        return [.. ids];
    }

    private static async Task<JsonNode[]> ListAsync(HttpBroker broker, string filter) =>
        [.. (await JsonAsync(broker.GetAsync($"/channel/dead?{Channel}&limit=1000{filter}")))["messages"]!.AsArray().Select(message => message!)];

    private static async Task<JsonNode> JsonAsync(Task<HttpReply> asked)
    {
        HttpReply reply = await asked;
        Assert.Equal(200, reply.Status);
        return JsonNode.Parse(reply.Body)!;
    }

    private static string Body(JsonNode message) => Encoding.UTF8.GetString(Convert.FromBase64String((string)message["body"]!));
}
