using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Broker.Tests.Running;

namespace Broker.Tests.Http;

/// <summary>A look at the messages of a topic or channel, and what an operator does to single ones.</summary>
public sealed class MessageTests
{
    private const string Channel = "topic=t&channel=c";

    [Fact]
    public async Task What_waits_is_shown_page_by_page_and_stays()
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.PostAsync("/mpub?topic=t", string.Join('\n', Enumerable.Range(0, 25)))).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", channel => channel.Depth == 25);
        List<string> bodies = [];
        List<string> ids = [];
        string? next = "";
        for (int page = 0; page < 3; page++)
        {
            JsonNode answer = await JsonAsync(broker, $"/channel/messages?{Channel}&limit=10{(next == "" ? "" : "&after=" + next)}");
            foreach (JsonNode? message in answer["messages"]!.AsArray())
            {
                Assert.Equal("waiting", (string?)message!["state"]);
                Assert.Equal(0, (int)message["attempts"]!);
                Assert.Null(message["due"]);
                Assert.Null(message["deadline"]);
                Assert.Null(message["client"]);
                bodies.Add(Body(message));
                ids.Add((string)message["id"]!);
            }
            next = (string?)answer["next"];
            Assert.Equal(page == 2, next is null);
        }
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{i}"), bodies);
        Assert.Equal(25, ids.Distinct().Count());

        await using NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 100);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(25);
        Assert.Equal(ids, messages.Select(message => message.Id));
        Assert.All(messages, message => Assert.Equal(1, message.Attempts));
    }

    [Theory]
    [InlineData("t")]
    [InlineData("t#ephemeral")]
    public async Task What_a_topic_without_channels_holds_is_shown_page_by_page_and_stays(string name)
    {
        string topic = Uri.EscapeDataString(name);
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync($"/topic/create?topic={topic}")).IsText("");
        (await broker.PostAsync($"/mpub?topic={topic}", string.Join('\n', Enumerable.Range(0, 25)))).IsText("OK");
        (await broker.PostAsync($"/pub?topic={topic}&defer=3600000", "later")).IsText("OK");
        List<JsonNode> seen = [];
        string after = "";
        for (int page = 0; page < 3; page++)
        {
            JsonNode answer = await JsonAsync(broker, $"/topic/messages?topic={topic}&limit=10{after}");
            seen.AddRange(answer["messages"]!.AsArray().Select(static message => message!));
            Assert.Equal(page == 2, answer["next"] is null);
            after = $"&after={(string?)answer["next"]}";
        }
        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{i}").Append("later"), seen.Select(Body));
        Assert.All(seen.Take(25), message => Assert.Equal("waiting", (string?)message["state"]));
        Assert.Equal("deferred", (string?)seen[25]["state"]);
        Assert.InRange((long)seen[25]["due"]! - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), 3_000_000, 3_600_000);
        string id = (string)seen[7]["id"]!;
        Assert.Equal("7", Body(await JsonAsync(broker, $"/topic/message?topic={topic}&id={id}")));

        await using NsqSocket consumer = await broker.Broker.SubscribeAsync(name, "c", ready: 100);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(25);
        Assert.Equal(seen.Take(25).Select(message => (string)message["id"]!), messages.Select(message => message.Id));
        Assert.All(messages, message => Assert.Equal(1, message.Attempts));
        Assert.Empty((await JsonAsync(broker, $"/topic/messages?topic={topic}"))["messages"]!.AsArray());
        (await broker.GetAsync($"/topic/message?topic={topic}&id={id}")).IsError(404, "MESSAGE_NOT_FOUND");
    }

    [Fact]
    public async Task What_a_paused_topic_holds_is_shown_until_it_is_emptied()
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.PostAsync("/pub?topic=t", "before")).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", channel => channel.Depth == 1);
        (await broker.PostAsync("/topic/pause?topic=t")).IsText("");
        (await broker.PostAsync("/pub?topic=t", "emptied")).IsText("OK");
        Assert.Equal("emptied", Body((await JsonAsync(broker, "/topic/messages?topic=t"))["messages"]!.AsArray().Single()!));
        (await broker.PostAsync("/topic/empty?topic=t")).IsText("");
        (await broker.PostAsync("/pub?topic=t", "after")).IsText("OK");
        Assert.Equal("after", Body((await JsonAsync(broker, "/topic/messages?topic=t"))["messages"]!.AsArray().Single()!));
    }

    [Fact]
    public async Task What_lies_in_the_log_beyond_the_window_is_shown_too()
    {
        await using HttpBroker broker = await StartAsync(windowMessages: 0);
        string body = new('x', 500);
        for (int i = 0; i < 40; i++)
            (await broker.PostAsync("/mpub?topic=t", string.Join('\n', Enumerable.Range(0, 100).Select(j => $"{(i * 100) + j:D5}{body}")))).IsText("OK");
        (await broker.PostAsync("/pub?topic=t&defer=60000", "later")).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", channel => channel is { Depth: 4000, Deferred: 1 });
        int seen = 0;
        string after = "";
        while (true)
        {
            JsonNode answer = await JsonAsync(broker, $"/channel/messages?{Channel}&limit=1000&body_limit=5{after}");
            foreach (JsonNode? message in answer["messages"]!.AsArray())
            {
                Assert.Equal(seen++, int.Parse(Body(message!), CultureInfo.InvariantCulture));
                Assert.True((bool)message!["truncated"]!);
                Assert.Equal(505, (int)message["size"]!);
            }
            if ((string?)answer["next"] is not { } next)
                break;
            after = "&after=" + next;
        }
        Assert.Equal(4000, seen);
    }

    [Fact]
    public async Task What_is_in_flight_is_shown_with_its_consumer()
    {
        await using HttpBroker broker = await StartAsync();
        await using NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        (await broker.PostAsync("/mpub?topic=t", "first\nsecond")).IsText("OK");
        NsqMessage received = await consumer.ExpectMessageAsync();
        await broker.Broker.UntilAsync("t", "c", channel => channel is { InFlight: 1, Depth: 1 });
        JsonNode message = (await JsonAsync(broker, $"/channel/messages?{Channel}&state=in_flight"))["messages"]!.AsArray().Single()!;
        Assert.Equal(received.Id, (string?)message["id"]);
        Assert.Equal("first", Body(message));
        Assert.Equal(1, (int)message["attempts"]!);
        Assert.Equal(consumer.LocalEndPoint.ToString(), (string?)message["client"]);
        long inFlightUntil = (long)message["deadline"]!;
        Assert.InRange(inFlightUntil - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), 30_000, 60_000);
        Assert.Equal("second", Body((await JsonAsync(broker, $"/channel/messages?{Channel}"))["messages"]!.AsArray().Single()!));
    }

    [Fact]
    public async Task What_is_deferred_is_shown_with_its_due_time_and_can_be_made_ready()
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.PostAsync("/pub?topic=t&defer=3600000", "later")).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", channel => channel.Deferred == 1);
        JsonNode message = (await JsonAsync(broker, $"/channel/messages?{Channel}&state=deferred"))["messages"]!.AsArray().Single()!;
        Assert.Equal("later", Body(message));
        Assert.InRange((long)message["due"]! - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), 3_500_000, 3_600_000);

        (await broker.PostAsync($"/channel/message/requeue?{Channel}&id={message["id"]}")).IsText("");
        await broker.Broker.UntilAsync("t", "c", channel => channel is { Deferred: 0, Depth: 1 });
        await using NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        NsqMessage received = await consumer.ExpectMessageAsync("later");
        Assert.Equal(1, received.Attempts);
    }

    [Fact]
    public async Task What_was_made_ready_or_finished_stays_so_after_a_restart()
    {
        await using HttpBroker broker = await StartAsync();
        foreach (string body in (string[])["requeued", "finished", "deferred"])
            (await broker.PostAsync("/pub?topic=t&defer=3600000", body)).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", channel => channel.Deferred == 3);
        string[] ids = [.. (await JsonAsync(broker, $"/channel/messages?{Channel}&state=deferred"))["messages"]!.AsArray().Select(m => (string)m!["id"]!)];
        (await broker.PostAsync($"/channel/message/requeue?{Channel}&id={ids[0]}")).IsText("");
        (await broker.PostAsync($"/channel/message/finish?{Channel}&id={ids[1]}")).IsText("");
        await broker.Broker.RestartAsync();
        await broker.Broker.UntilAsync("t", "c", channel => channel is { Deferred: 1, Depth: 1, InFlight: 0 });
        await using NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 3);
        await consumer.ExpectMessageAsync("requeued");
    }

    [Fact]
    public async Task One_in_flight_can_be_given_to_another_consumer_now()
    {
        await using HttpBroker broker = await StartAsync();
        await using NsqSocket stuck = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        (await broker.PostAsync("/pub?topic=t", "job")).IsText("OK");
        NsqMessage first = await stuck.ExpectMessageAsync("job");
        await stuck.ReadyAsync(0);
        await stuck.SyncAsync();
        await using NsqSocket other = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        (await broker.PostAsync($"/channel/message/requeue?{Channel}&id={first.Id}")).IsText("");
        NsqMessage second = await other.ExpectMessageAsync("job");
        Assert.Equal((first.Id, 2), (second.Id, (int)second.Attempts));
        await stuck.FinishAsync(first);
        await stuck.ExpectErrorAsync($"E_FIN_FAILED FIN {first.Id} failed client does not own message");
        await other.FinishAsync(second);
        await broker.Broker.UntilAsync("t", "c", channel => channel is { Depth: 0, InFlight: 0, Finished: 1, Requeued: 1 });
    }

    [Theory]
    [InlineData("c")]
    [InlineData("c#ephemeral")]
    public async Task Any_message_can_be_finished_and_never_comes_again(string channel)
    {
        string name = Uri.EscapeDataString(channel);
        await using HttpBroker broker = await StartAsync(channel);
        await using NsqSocket consumer = await broker.Broker.SubscribeAsync("t", channel, ready: 1);
        (await broker.PostAsync("/mpub?topic=t", "in flight\nfinished\nleft")).IsText("OK");
        (await broker.PostAsync("/pub?topic=t&defer=100000", "deferred")).IsText("OK");
        NsqMessage inFlight = await consumer.ExpectMessageAsync("in flight");
        await consumer.ReadyAsync(0);
        await consumer.SyncAsync();
        await broker.Broker.UntilAsync("t", channel, c => c is { Depth: 2, InFlight: 1, Deferred: 1 });
        JsonArray waiting = (await JsonAsync(broker, $"/channel/messages?topic=t&channel={name}"))["messages"]!.AsArray();
        JsonNode deferred = (await JsonAsync(broker, $"/channel/messages?topic=t&channel={name}&state=deferred"))["messages"]!.AsArray().Single()!;
        foreach (string? id in (string?[])[inFlight.Id, (string?)waiting[0]!["id"], (string?)deferred["id"]])
        {
            Assert.Equal(id, (string?)(await JsonAsync(broker, $"/channel/message?topic=t&channel={name}&id={id}"))["id"]);
            (await broker.PostAsync($"/channel/message/finish?topic=t&channel={name}&id={id}")).IsText("");
            (await broker.GetAsync($"/channel/message?topic=t&channel={name}&id={id}")).IsError(404, "MESSAGE_NOT_FOUND");
            (await broker.PostAsync($"/channel/message/finish?topic=t&channel={name}&id={id}")).IsError(404, "MESSAGE_NOT_FOUND");
        }
        await broker.Broker.UntilAsync("t", channel, c => c is { Depth: 1, InFlight: 0, Deferred: 0, Finished: 3 });
        await consumer.ReadyAsync(10);
        await consumer.ExpectMessageAsync("left");
        await consumer.ExpectNothingAsync();
    }

    [Fact]
    public async Task One_in_the_log_is_found_and_finished_before_it_is_read()
    {
        await using HttpBroker broker = await StartAsync(windowMessages: 0);
        for (int i = 0; i < 20; i++)
            (await broker.PostAsync("/mpub?topic=t", string.Join('\n', Enumerable.Range(0, 100).Select(j => $"{(i * 100) + j}")))).IsText("OK");
        await broker.Broker.UntilAsync("t", "c", channel => channel.Depth == 2000);
        string prefix = (string)(await JsonAsync(broker, $"/channel/messages?{Channel}&limit=1"))["messages"]![0]!["id"]!;
        ulong first = ulong.Parse(prefix, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        string id = (first + 1950).ToString("x16", CultureInfo.InvariantCulture);
        Assert.Equal("1950", Body(await JsonAsync(broker, $"/channel/message?{Channel}&id={id}")));
        (await broker.PostAsync($"/channel/message/finish?{Channel}&id={id}")).IsText("");
        string beyond = (first + 2000).ToString("x16", CultureInfo.InvariantCulture);
        (await broker.PostAsync($"/channel/message/finish?{Channel}&id={beyond}")).IsError(404, "MESSAGE_NOT_FOUND");
        await using NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 2500);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(1999);
        Assert.Equal(Enumerable.Range(0, 2000).Where(i => i != 1950).Select(i => $"{i}"), messages.Select(m => Encoding.ASCII.GetString(m.Body)));
        await consumer.ExpectNothingAsync();
    }

    [Theory]
    [InlineData("/topic/messages", 400, "MISSING_ARG_TOPIC")]
    [InlineData("/topic/messages?topic=t%20t", 400, "INVALID_TOPIC")]
    [InlineData("/topic/messages?topic=no", 404, "TOPIC_NOT_FOUND")]
    [InlineData("/topic/messages?topic=t&limit=0", 400, "INVALID_ARG_LIMIT")]
    [InlineData("/topic/messages?topic=t&after=12", 400, "INVALID_ARG_ID")]
    [InlineData("/topic/message?topic=t", 400, "MISSING_ARG_ID")]
    [InlineData("/topic/message?topic=t&id=0000000000000000", 404, "MESSAGE_NOT_FOUND")]
    [InlineData("/channel/messages", 400, "MISSING_ARG_TOPIC")]
    [InlineData("/channel/messages?topic=t", 400, "MISSING_ARG_CHANNEL")]
    [InlineData("/channel/messages?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    [InlineData("/channel/messages?topic=no&channel=c", 404, "TOPIC_NOT_FOUND")]
    [InlineData("/channel/messages?topic=t&channel=c&state=lost", 400, "INVALID_ARG_STATE")]
    [InlineData("/channel/messages?topic=t&channel=c&limit=0", 400, "INVALID_ARG_LIMIT")]
    [InlineData("/channel/messages?topic=t&channel=c&limit=1001", 400, "INVALID_ARG_LIMIT")]
    [InlineData("/channel/messages?topic=t&channel=c&body_limit=-1", 400, "INVALID_ARG_LIMIT")]
    [InlineData("/channel/messages?topic=t&channel=c&after=12", 400, "INVALID_ARG_ID")]
    [InlineData("/channel/message?topic=t&channel=c", 400, "MISSING_ARG_ID")]
    [InlineData("/channel/message?topic=t&channel=c&id=zzzzzzzzzzzzzzzz", 400, "INVALID_ARG_ID")]
    [InlineData("/channel/message?topic=t&channel=c&id=0000000000000000", 404, "MESSAGE_NOT_FOUND")]
    public async Task A_bad_request_gets_its_error(string path, int status, string code)
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.GetAsync(path)).IsError(status, code);
    }

    private static async Task<HttpBroker> StartAsync(string channel = "c", int windowMessages = 10_000)
    {
        HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Queue.MemQueueSize = windowMessages);
        (await broker.PostAsync("/topic/create?topic=t")).IsText("");
        (await broker.PostAsync($"/channel/create?topic=t&channel={Uri.EscapeDataString(channel)}")).IsText("");
        return broker;
    }

    private static async Task<JsonNode> JsonAsync(HttpBroker broker, string path)
    {
        HttpReply reply = await broker.GetAsync(path);
        Assert.Equal(200, reply.Status);
        return JsonNode.Parse(reply.Body)!;
    }

    private static string Body(JsonNode message) => Encoding.UTF8.GetString(Convert.FromBase64String((string)message["body"]!));
}
