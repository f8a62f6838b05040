using System.Net;
using System.Text.Json;
using static Broker.Tests.Lookup.LookupSocket;

namespace Broker.Tests.Lookup;

/// <summary>Cases 106 to 112 of the specification, and what else its sections 4.1 and 4.2 say, over real sockets.</summary>
public sealed class LookupCases
{
    [Theory]
    [InlineData("""{"tcp_port":4150,"http_port":4151,"version":"1.3.0"}""")]
    [InlineData("""{"broadcast_address":"","tcp_port":4150,"http_port":4151,"version":"1.3.0"}""")]
    [InlineData("""{"broadcast_address":"b","tcp_port":0,"http_port":4151,"version":"1.3.0"}""")]
    [InlineData("""{"broadcast_address":"b","tcp_port":4150,"version":"1.3.0"}""")]
    [InlineData("""{"broadcast_address":"b","tcp_port":4150,"http_port":4151,"version":null}""")]
    [InlineData("null")]
    public async Task Case_106_An_identify_without_its_fields_is_fatal(string json)
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await OpenAsync(lookup.TcpEndPoint);
        await node.SendAsync(Identify(json));
        await node.ExpectFatalAsync("E_BAD_BODY IDENTIFY missing fields");
    }

    [Fact]
    public async Task Case_107_Only_ping_comes_before_identify()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await OpenAsync(lookup.TcpEndPoint);
        await node.DoAsync("PING");
        await node.SendAsync("REGISTER t c\n");
        await node.ExpectFatalAsync("E_INVALID client must IDENTIFY");
    }

    [Fact]
    public async Task Case_108_What_a_node_leaves_behind_stays_listed()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using (LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint)) await node.DoAsync("REGISTER t c");
        await lookup.Http.UntilAsync("/nodes", answer => answer == """{"producers":[]}""");
        Assert.Equal((200, """{"topics":["t"]}"""), await lookup.Http.GetAsync("/topics"));
        Assert.Equal((200, """{"channels":["c"],"producers":[]}"""), await lookup.Http.GetAsync("/lookup?topic=t"));
    }

    [Fact]
    public async Task Case_109_An_unknown_topic_is_not_found_and_has_no_channels()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        Assert.Equal((404, """{"message":"TOPIC_NOT_FOUND"}"""), await lookup.Http.GetAsync("/lookup?topic=unknown"));
        Assert.Equal((200, """{"channels":[]}"""), await lookup.Http.GetAsync("/channels?topic=unknown"));
    }

    [Fact]
    public async Task Case_110_A_tombstone_hides_a_producer_for_45_seconds()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint);
        await node.DoAsync("REGISTER t c");
        await node.DoAsync("REGISTER u");

        Assert.Equal((200, ""), await lookup.Http.PostAsync("/topic/tombstone?topic=t&node=node.example:4151"));
        Assert.Equal("", await lookup.Http.ProducersAsync("t"));
        Assert.Equal("4150", await lookup.Http.ProducersAsync("u"));
        Assert.Equal("[true,false]", await TombstonesAsync(lookup));

        lookup.Clock.Advance(TimeSpan.FromSeconds(44.9));
        await node.DoAsync("REGISTER t c");
        Assert.Equal("", await lookup.Http.ProducersAsync("t"));

        lookup.Clock.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("4150", await lookup.Http.ProducersAsync("t"));
        Assert.Equal("[false,false]", await TombstonesAsync(lookup));

        static async Task<string> TombstonesAsync(RunningLookup lookup) =>
            (await lookup.Http.GetJsonAsync("/nodes")).GetProperty("producers")[0].GetProperty("tombstones").GetRawText();
    }

    [Fact]
    public async Task Case_110_A_node_that_registers_anew_after_it_took_the_topic_back_is_seen_at_once()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint);
        await node.DoAsync("REGISTER t");
        await lookup.Http.PostAsync("/topic/tombstone?topic=t&node=node.example:4151");
        await node.DoAsync("UNREGISTER t");
        await node.DoAsync("REGISTER t");
        Assert.Equal("4150", await lookup.Http.ProducersAsync("t"));
    }

    [Fact]
    public async Task Case_111_A_node_that_does_not_ping_is_hidden_until_it_does()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint);
        await node.DoAsync("REGISTER t");
        lookup.Clock.Advance(TimeSpan.FromSeconds(300));
        Assert.Equal("4150", await lookup.Http.ProducersAsync("t"));

        lookup.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("", await lookup.Http.ProducersAsync("t"));
        Assert.Equal((200, """{"producers":[]}"""), await lookup.Http.GetAsync("/nodes"));

        await node.DoAsync("PING");
        Assert.Equal("4150", await lookup.Http.ProducersAsync("t"));
        Assert.Single((await lookup.Http.GetJsonAsync("/nodes")).GetProperty("producers").EnumerateArray());
    }

    [Fact]
    public async Task Case_112_To_delete_what_is_unknown_succeeds_for_a_topic_and_fails_for_a_channel()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        Assert.Equal((200, ""), await lookup.Http.PostAsync("/topic/delete?topic=unknown"));
        Assert.Equal((404, """{"message":"CHANNEL_NOT_FOUND"}"""), await lookup.Http.PostAsync("/channel/delete?topic=t&channel=unknown"));
    }

    [Fact]
    public async Task Identify_is_answered_with_who_the_service_is()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await OpenAsync(lookup.TcpEndPoint);
        await node.SendAsync(Identify(Node));
        Assert.Equal(
            $$"""{"broadcast_address":"127.0.0.1","hostname":"{{Dns.GetHostName()}}","http_port":{{lookup.HttpEndPoint.Port}},"tcp_port":{{lookup.TcpEndPoint.Port}},"version":"1.3.0"}""",
            await node.ReadAsync());
        await node.SendAsync("IDENTIFY\n");
        await node.ExpectFatalAsync("E_INVALID cannot IDENTIFY again");
    }

    [Theory]
    [InlineData("  V2", "", "E_BAD_PROTOCOL")]
    [InlineData("GET ", "", "E_BAD_PROTOCOL")]
    [InlineData("  V1", "FOO bar\n", "E_INVALID invalid command FOO")]
    [InlineData("  V1", "\n", "E_INVALID invalid command ")]
    [InlineData("  V1", "UNREGISTER t\n", "E_INVALID client must IDENTIFY")]
    [InlineData("  V1", "IDENTIFY\n\0\0\0\u0001x", "E_BAD_BODY IDENTIFY failed to decode JSON body")]
    [InlineData("  V1", "IDENTIFY\n\0\0\0\u0002[]", "E_BAD_BODY IDENTIFY failed to decode JSON body")]
    [InlineData("  V1", "IDENTIFY\n\0\0\0\0", "E_BAD_BODY IDENTIFY failed to read body")]
    [InlineData("  V1", "IDENTIFY\n\u00ff\u00ff\u00ff\u00ff", "E_BAD_BODY IDENTIFY failed to read body")]
    [InlineData("  V1", "IDENTIFY\n\u0080\0\0\0", "E_BAD_BODY IDENTIFY failed to read body")]
    [InlineData("  V1", "IDENTIFY\n\u007f\u00ff\u00ff\u00ff", "E_BAD_BODY IDENTIFY failed to read body")]
    public async Task What_is_no_conversation_is_fatal(string magic, string sent, string error)
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await OpenAsync(lookup.TcpEndPoint, magic);
        await node.SendAsync(sent);
        await node.ExpectFatalAsync(error);
    }

    [Theory]
    [InlineData("IDENTIFY\n\0\0", "E_BAD_BODY IDENTIFY failed to read body size")]
    [InlineData("IDENTIFY\n\0\0\0\u0009{}", "E_BAD_BODY IDENTIFY failed to read body")]
    public async Task An_identify_that_ends_too_early_is_told_so(string sent, string error)
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await OpenAsync(lookup.TcpEndPoint);
        await node.SendAsync(sent);
        node.EndSending();
        await node.ExpectFatalAsync(error);
    }

    [Theory]
    [InlineData("REGISTER", "E_INVALID REGISTER insufficient number of params")]
    [InlineData("  UNREGISTER \r", "E_INVALID UNREGISTER insufficient number of params")]
    [InlineData("REGISTER a:b", "E_BAD_TOPIC REGISTER topic name 'a:b' is not valid")]
    [InlineData("REGISTER t a:b", "E_BAD_CHANNEL REGISTER channel name 'a:b' is not valid")]
    [InlineData("UNREGISTER  c", "E_BAD_TOPIC UNREGISTER topic name '' is not valid")]
    [InlineData("UNREGISTER t \u00e4", "E_BAD_CHANNEL UNREGISTER channel name '\u00e4' is not valid")]
    public async Task A_wrong_name_is_fatal(string line, string error)
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint);
        await node.SendAsync(line + "\n");
        await node.ExpectFatalAsync(error);
    }

    [Fact]
    public async Task A_line_without_an_end_is_not_read_for_ever()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await OpenAsync(lookup.TcpEndPoint);
        await node.SendAsync(new string('x', 4097));
        Assert.Equal("E_INVALID command is longer than 4096 bytes", await node.ReadAsync());
    }

    [Fact]
    public async Task What_a_node_takes_back_is_no_longer_produced_but_listed_unless_it_is_ephemeral()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint);
        foreach (string key in (string[])["t c", "t d#ephemeral", "e#ephemeral c"]) await node.DoAsync($"REGISTER {key}");

        await node.DoAsync("UNREGISTER t d#ephemeral");
        await node.DoAsync("UNREGISTER t nothing");
        await node.DoAsync("UNREGISTER nothing");
        Assert.Equal((200, """{"channels":["c"]}"""), await lookup.Http.GetAsync("/channels?topic=t"));
        Assert.Equal("4150", await lookup.Http.ProducersAsync("t"));

        await node.DoAsync("UNREGISTER t");
        await node.DoAsync("UNREGISTER e#ephemeral");
        Assert.Equal((200, """{"topics":["t"]}"""), await lookup.Http.GetAsync("/topics"));
        Assert.Equal((200, """{"channels":["c"],"producers":[]}"""), await lookup.Http.GetAsync("/lookup?topic=t"));
        Assert.Equal((200, """{"channels":["c"]}"""), await lookup.Http.GetAsync("/channels?topic=e%23ephemeral"));
    }

    [Fact]
    public async Task A_producer_is_told_as_it_identified_itself()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(
            lookup.TcpEndPoint,
            """{"Broadcast_Address":"b","hostname":"h","tcp_port":1,"http_port":2,"version":"9","topology_zone":"z","topology_region":"r","other":[1]}""");
        await node.DoAsync("REGISTER t c");
        string producer =
            $$"""{"remote_address":"{{node.LocalAddress}}","hostname":"h","broadcast_address":"b","tcp_port":1,"http_port":2,"version":"9","topology_zone":"z","topology_region":"r"}""";
        Assert.Equal((200, $$"""{"channels":["c"],"producers":[{{producer}}]}"""), await lookup.Http.GetAsync("/lookup?topic=t"));
        Assert.Equal(
            (200, $$"""{"producers":[{{producer[..^1]}},"tombstones":[false],"topics":["t"]}]}"""), await lookup.Http.GetAsync("/nodes"));

        JsonElement debug = await lookup.Http.GetJsonAsync("/debug");
        Assert.Equal(["channel:t:c", "client::", "topic:t:"], debug.EnumerateObject().Select(key => key.Name));
        JsonElement registration = debug.GetProperty("topic:t:")[0];
        Assert.Equal(node.LocalAddress, registration.GetProperty("id").GetString());
        Assert.Equal(lookup.Clock.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000, registration.GetProperty("last_update").GetInt64());
        Assert.False(registration.GetProperty("tombstoned").GetBoolean());
    }

    [Fact]
    public async Task Topics_and_channels_are_made_and_deleted_over_http()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        Assert.Equal((200, ""), await lookup.Http.PostAsync("/channel/create?topic=t&channel=c"));
        Assert.Equal((200, ""), await lookup.Http.PostAsync("/topic/create?topic=u"));
        Assert.Equal((200, """{"topics":["t","u"]}"""), await lookup.Http.GetAsync("/topics"));
        Assert.Equal((200, ""), await lookup.Http.PostAsync("/channel/delete?topic=t&channel=c"));
        Assert.Equal((200, """{"channels":[]}"""), await lookup.Http.GetAsync("/channels?topic=t"));
        Assert.Equal((200, ""), await lookup.Http.PostAsync("/topic/delete?topic=t"));
        Assert.Equal((200, """{"topics":["u"]}"""), await lookup.Http.GetAsync("/topics"));
    }

    [Fact]
    public async Task A_topic_deleted_over_http_is_known_again_when_a_node_registers_it()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        await using LookupSocket node = await IdentifiedAsync(lookup.TcpEndPoint);
        await node.DoAsync("REGISTER t c");
        await lookup.Http.PostAsync("/topic/delete?topic=t");
        Assert.Equal("[]", (await lookup.Http.GetJsonAsync("/nodes")).GetProperty("producers")[0].GetProperty("topics").GetRawText());
        await node.DoAsync("UNREGISTER t c");
        Assert.Null(await lookup.Http.ProducersAsync("t"));
        await node.DoAsync("REGISTER t");
        Assert.Equal("4150", await lookup.Http.ProducersAsync("t"));
    }

    [Theory]
    [InlineData("GET", "/channels", 400, "MISSING_ARG_TOPIC")]
    [InlineData("GET", "/lookup", 400, "MISSING_ARG_TOPIC")]
    [InlineData("GET", "/lookup?topic=a;b", 400, "INVALID_REQUEST")]
    [InlineData("POST", "/topic/create", 400, "MISSING_ARG_TOPIC")]
    [InlineData("POST", "/topic/create?topic=a:b", 400, "INVALID_ARG_TOPIC")]
    [InlineData("POST", "/topic/create?topic=", 400, "INVALID_ARG_TOPIC")]
    [InlineData("POST", "/topic/delete", 400, "MISSING_ARG_TOPIC")]
    [InlineData("POST", "/topic/tombstone", 400, "MISSING_ARG_TOPIC")]
    [InlineData("POST", "/topic/tombstone?topic=t", 400, "MISSING_ARG_NODE")]
    [InlineData("POST", "/channel/create", 400, "MISSING_ARG_TOPIC")]
    [InlineData("POST", "/channel/create?topic=a:b", 400, "INVALID_ARG_TOPIC")]
    [InlineData("POST", "/channel/create?topic=t", 400, "MISSING_ARG_CHANNEL")]
    [InlineData("POST", "/channel/create?topic=t&channel=a:b", 400, "INVALID_ARG_CHANNEL")]
    [InlineData("POST", "/channel/delete?topic=t", 400, "MISSING_ARG_CHANNEL")]
    [InlineData("GET", "/nope", 404, "NOT_FOUND")]
    [InlineData("POST", "/topics", 405, "METHOD_NOT_ALLOWED")]
    public async Task What_is_asked_wrongly_is_refused(string method, string path, int status, string error)
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        Assert.Equal((status, $$"""{"message":"{{error}}"}"""), await lookup.Http.AskAsync(method, path));
    }

    [Fact]
    public async Task Ping_is_plain_and_info_tells_the_version()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        using HttpResponseMessage ping = await lookup.Http.SendAsync("GET", "/ping");
        Assert.Equal("OK", await ping.Content.ReadAsStringAsync());
        Assert.False(ping.Headers.Contains("X-NSQ-Content-Type"));
        using HttpResponseMessage info = await lookup.Http.SendAsync("GET", "/info");
        Assert.Equal("""{"version":"1.3.0"}""", await info.Content.ReadAsStringAsync());
        Assert.Equal("nsq; version=1.0", Assert.Single(info.Headers.GetValues("X-NSQ-Content-Type")));
    }

    [Fact]
    public async Task Any_tombstone_is_taken()
    {
        await using RunningLookup lookup = await RunningLookup.StartAsync();
        Assert.Equal((200, ""), await lookup.Http.PostAsync("/topic/tombstone?topic=unknown&node=b:1"));
    }
}
