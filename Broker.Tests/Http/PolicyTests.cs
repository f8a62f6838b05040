using System.Text.Json.Nodes;
using Broker.Policies;
using Broker.Tests.Running;

namespace Broker.Tests.Http;

/// <summary>The policies of topics and channels: set, read, inherited and refused.</summary>
public sealed class PolicyTests
{
    private const string Topic = "/topic/policy?topic=t";
    private const string Channel = "/channel/policy?topic=t&channel=c";
    private const string Drop = """{"max_attempts":5,"dead_letter":"drop"}""";
    private const string Limits =
        "\"max_dead\":{\"value\":100000,\"from\":\"broker\"},\"max_dead_bytes\":{\"value\":268435456,\"from\":\"broker\"},"
        + "\"delivery_rate\":{\"value\":0,\"from\":\"broker\"},\"max_age\":{\"value\":0,\"from\":\"broker\"},"
        + "\"expired\":{\"value\":\"drop\",\"from\":\"broker\"},\"max_in_flight\":{\"value\":0,\"from\":\"broker\"},\"msg_timeout\":{\"value\":60000,\"from\":\"broker\"}";

    private const string TopicLimits =
        "\"max_age\":{\"value\":0,\"from\":\"broker\"},\"max_bytes\":{\"value\":0,\"from\":\"broker\"},\"max_message_size\":{\"value\":1048576,\"from\":\"broker\"},"
        + "\"on_full\":{\"value\":\"refuse\",\"from\":\"broker\"},\"publish_rate\":{\"value\":0,\"from\":\"broker\"}";

    private const string FromBroker =
        "{\"max_attempts\":{\"value\":0,\"from\":\"broker\"},\"dead_letter\":{\"value\":\"keep\",\"from\":\"broker\"},"
        + "\"retry_delay\":{\"value\":{\"first\":0,\"factor\":1,\"most\":0},\"from\":\"broker\"}," + Limits + "}";

    [Fact]
    public async Task Where_nobody_says_anything_the_broker_does()
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.GetAsync(Channel)).IsJson($$"""{"policy":{},"effective":{{FromBroker}}}""");
        (await broker.GetAsync(Topic)).IsJson($$$"""{"policy":{},"effective":{{{{TopicLimits}}},"channels":{{{FromBroker}}}}}""");
    }

    [Fact]
    public async Task A_channel_inherits_what_it_does_not_say_itself()
    {
        await using HttpBroker broker = await StartAsync();
        Assert.Equal(200, (await broker.PutAsync(Topic, $$"""{"channels":{{Drop}}}""")).Status);
        Assert.Equal(200, (await broker.PutAsync(Channel, """{"max_attempts":0,"retry_delay":{"first":1000}}""")).Status);
        const string told = $$$"""
            {"policy":{"max_attempts":0,"retry_delay":{"first":1000,"factor":2,"most":3600000}},
            "effective":{"max_attempts":{"value":0,"from":"channel"},
            "retry_delay":{"value":{"first":1000,"factor":2,"most":3600000},"from":"channel"},
            "dead_letter":{"value":"drop","from":"topic"},{{{Limits}}}}}
            """;
        IsSame(told, await broker.GetAsync(Channel));

        // What is said stays said over a restart, and the whole is replaced by what is said next.
        await broker.Broker.RestartAsync();
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.HttpEndPoint);
        IsSame(told, await HttpReply.OfAsync(await client.GetAsync(new Uri(Channel, UriKind.Relative))));
        IsSame(
            $$$"""
            {"policy":{},"effective":{"max_attempts":{"value":5,"from":"topic"},"dead_letter":{"value":"drop","from":"topic"},
            "retry_delay":{"value":{"first":0,"factor":1,"most":0},"from":"broker"},{{{Limits}}}}}
            """,
            await HttpReply.OfAsync(await client.DeleteAsync(new Uri(Channel, UriKind.Relative))));
    }

    [Fact]
    public async Task Topics_and_channels_that_are_made_by_their_use_have_what_the_configuration_says_of_their_names()
    {
        PatternPolicy[] patterns =
        [
            new("orders.*", new TopicPolicy { Channels = new ChannelPolicy { MaxAttempts = 1, DeadLetter = ChannelPolicy.Drop } }),
            new("other", new TopicPolicy { Channels = new ChannelPolicy { MaxAttempts = 2, RetryDelay = new RetryDelay(2, 1, 2) } }),
            new("*", new TopicPolicy { Channels = new ChannelPolicy { MaxAttempts = 3, RetryDelay = new RetryDelay(3, 1, 3) } }),
        ];
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Queue.Policies = patterns);
        NsqSocket consumer = await broker.Broker.SubscribeAsync("orders.eu", "c", ready: 1);
        await broker.Broker.PublishAsync("orders.eu", "once");
        await consumer.RequeueAsync(await consumer.ExpectMessageAsync("once"), 0);
        await broker.Broker.UntilAsync("orders.eu", "c", static stats => stats is { Depth: 0, InFlight: 0, Deferred: 0, Discarded: 1 });
        const string delay = """{"value":{"first":3,"factor":1,"most":3},"from":"pattern","pattern":"*"}""";
        const string drop = """{"value":"drop","from":"pattern","pattern":"orders.*"}""";
        string inherited = $$"""{"max_attempts":{"value":1,"from":"pattern","pattern":"orders.*"},"dead_letter":{{drop}},"retry_delay":{{delay}},{{Limits}}}""";
        IsSame($$"""{"policy":{},"effective":{{inherited}}}""", await broker.GetAsync("/channel/policy?topic=orders.eu&channel=c"));
        IsSame($$$"""{"policy":{},"effective":{{{{TopicLimits}}},"channels":{{{inherited}}}}}""", await broker.GetAsync("/topic/policy?topic=orders.eu"));

        // What is said of the topic or the channel itself goes before.
        IsSame(
            $$$"""
            {"policy":{"max_attempts":9,"dead_letter":"drop"},
            "effective":{"max_attempts":{"value":9,"from":"channel"},"dead_letter":{"value":"drop","from":"channel"},"retry_delay":{{{delay}}},{{{Limits}}}}}
            """,
            await broker.PutAsync("/channel/policy?topic=orders.eu&channel=c", """{"max_attempts":9,"dead_letter":"drop"}"""));
    }

    [Fact]
    public async Task Who_says_what_it_has_read_overwrites_nobody_else()
    {
        await using HttpBroker broker = await StartAsync();
        foreach ((string path, string policy) in new[] { (Channel, Drop), (Topic, $$"""{"channels":{{Drop}}}""") })
        {
            string before = (await broker.GetAsync(path)).ETag!;
            HttpReply changed = await broker.PutAsync(path, policy, before);
            Assert.Equal(200, changed.Status);
            Assert.NotEqual(before, changed.ETag);
            Assert.Equal(changed.ETag, (await broker.GetAsync(path)).ETag);
            (await broker.PutAsync(path, "{}", before)).IsError(412, "POLICY_CHANGED");
            (await broker.SendAsync(HttpMethod.Delete, path, ifMatch: before)).IsError(412, "POLICY_CHANGED");
            Assert.Equal(changed.Body, (await broker.GetAsync(path)).Body);
            Assert.Equal(before, (await broker.SendAsync(HttpMethod.Delete, path, ifMatch: $"\"other\", {changed.ETag}")).ETag);
        }
    }

    [Theory]
    [InlineData("", "the policy is no JSON object with each name once")]
    [InlineData("[]", "the policy must be a JSON object")]
    [InlineData("""{"max_atempts":5}""", "the name max_atempts is not known here: a channel's policy has max_attempts, dead_letter, retry_delay, max_dead, max_dead_bytes, delivery_rate")]
    [InlineData("""{"max_attempts":-1}""", "max_attempts must be a whole number from 0 to 65535")]
    [InlineData("""{"max_attempts":65536}""", "max_attempts must be a whole number from 0 to 65535")]
    [InlineData("""{"max_attempts":1.5}""", "max_attempts must be a whole number from 0 to 65535")]
    [InlineData("""{"max_attempts":"5"}""", "max_attempts must be a whole number from 0 to 65535")]
    [InlineData("""{"max_attempts":null}""", "max_attempts must be a whole number from 0 to 65535")]
    [InlineData("""{"max_attempts":5,"max_attempts":6}""", "the policy is no JSON object with each name once")]
    [InlineData("""{"dead_letter":"lose"}""", "dead_letter must be keep, drop, or topic: with the name of a topic behind it")]
    [InlineData("""{"dead_letter":7}""", "dead_letter must be keep, drop, or topic: with the name of a topic behind it")]
    [InlineData("""{"dead_letter":"topic:"}""", "dead_letter must be keep, drop, or topic: with the name of a topic behind it")]
    [InlineData("""{"dead_letter":"topic:no good"}""", "dead_letter must be keep, drop, or topic: with the name of a topic behind it")]
    [InlineData("""{"expired":"keep"}""", "expired must be drop or dead_letter")]
    [InlineData("""{"expired":true}""", "expired must be drop or dead_letter")]
    [InlineData("""{"max_dead":0}""", "max_dead must be a whole number from 1 to 100000000")]
    [InlineData("""{"max_dead_bytes":0}""", "max_dead_bytes must be a whole number from 1 to 1125899906842624")]
    [InlineData("""{"delivery_rate":-1}""", "delivery_rate must be a number from 0.001 to 1000000, or 0 for no limit")]
    [InlineData("""{"delivery_rate":0.0001}""", "delivery_rate must be a number from 0.001 to 1000000, or 0 for no limit")]
    [InlineData("""{"delivery_rate":"50"}""", "delivery_rate must be a number from 0.001 to 1000000, or 0 for no limit")]
    [InlineData("""{"max_age":-1}""", "max_age must be a whole number from 0 to 31536000000")]
    [InlineData("""{"max_in_flight":1000001}""", "max_in_flight must be a whole number from 0 to 1000000")]
    [InlineData("""{"msg_timeout":999}""", "msg_timeout must be a whole number from 1000 to 2147483647")]
    [InlineData("""{"retry_delay":1000}""", "retry_delay must be a JSON object")]
    [InlineData("""{"retry_delay":{"most":5}}""", "retry_delay needs first")]
    [InlineData("""{"retry_delay":{"first":-5}}""", "first must be a whole number from 0 to 31536000000")]
    [InlineData("""{"retry_delay":{"first":5,"factor":0.5}}""", "factor must be a number from 1 to 100")]
    [InlineData("""{"retry_delay":{"first":5,"most":4}}""", "most must not be less than first")]
    [InlineData("""{"retry_delay":{"first":5,"last":4}}""", "the name last is not known here: retry_delay has first, factor and most")]
    public async Task What_cannot_be_is_refused_in_a_sentence_and_changes_nothing(string policy, string sentence)
    {
        await using HttpBroker broker = await StartAsync();
        foreach ((string path, string sent) in new[] { (Channel, policy), (Topic, policy is "" or "[]" ? policy : $$"""{"channels":{{policy}}}""") })
        {
            HttpReply reply = await broker.PutAsync(path, sent);
            Assert.Equal(400, reply.Status);
            Assert.StartsWith(sentence, (string?)JsonNode.Parse(reply.Body)!["message"], StringComparison.Ordinal);
            Assert.StartsWith("""{"policy":{},""", (await broker.GetAsync(path)).Body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/topic/policy", 400, "MISSING_ARG_TOPIC")]
    [InlineData("/topic/policy?topic=no", 404, "TOPIC_NOT_FOUND")]
    [InlineData("/topic/policy?topic=n%20o", 400, "INVALID_TOPIC")]
    [InlineData("/channel/policy?topic=t", 400, "MISSING_ARG_CHANNEL")]
    [InlineData("/channel/policy?topic=t&channel=no", 404, "CHANNEL_NOT_FOUND")]
    [InlineData("/channel/policy?topic=no&channel=c", 404, "TOPIC_NOT_FOUND")]
    public async Task A_bad_request_gets_its_error(string path, int status, string code)
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.GetAsync(path)).IsError(status, code);
        (await broker.PutAsync(path, "{}")).IsError(status, code);
        (await broker.PutAsync(path, "{}", "\"tag\"")).IsError(status, code);
        (await broker.SendAsync(HttpMethod.Delete, path)).IsError(status, code);
    }

    [Fact]
    public async Task What_the_topic_has_no_name_for_is_refused()
    {
        await using HttpBroker broker = await StartAsync();
        (await broker.PutAsync(Topic, """{"max_attempts":5}""")).IsError(
            400, "the name max_attempts is not known here: a topic\\u0027s policy has max_age, max_bytes, max_message_size, on_full, publish_rate and channels");
        (await broker.PutAsync(Topic, new string(' ', 70_000))).IsError(413, "BODY_TOO_BIG");
    }

    private static void IsSame(string json, HttpReply reply)
    {
        Assert.Equal(200, reply.Status);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), JsonNode.Parse(reply.Body)), reply.Body);
    }

    private static async Task<HttpBroker> StartAsync()
    {
        HttpBroker broker = await HttpBroker.StartAsync();
        (await broker.PostAsync("/topic/create?topic=t")).IsText("");
        (await broker.PostAsync("/channel/create?topic=t&channel=c")).IsText("");
        return broker;
    }
}
