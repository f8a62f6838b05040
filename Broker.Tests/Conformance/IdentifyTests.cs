using System.Text.Json;
using Broker.Gateway.Connections;
using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>
/// Spec section 9, IDENTIFY: cases 15 to 33, without those that need TLS or compression (17, 28, 29, 33).
/// </summary>
public sealed class IdentifyTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    [Fact]
    public async Task Case_015_An_empty_object_is_answered_with_OK()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        Assert.Equal("OK", await socket.IdentifyAsync("{}"));
    }

    [Fact]
    public async Task Case_016_Negotiation_is_answered_with_what_is_in_force()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        string reply = await socket.IdentifyAsync("""{"feature_negotiation":true}""");

        Assert.Equal(
            """
            {"max_rdy_count":2500,"version":"1.3.0","max_msg_timeout":900000,"msg_timeout":60000,"tls_v1":false,
            "deflate":false,"deflate_level":6,"max_deflate_level":6,"snappy":false,"sample_rate":0,"auth_required":false,
            "output_buffer_size":16384,"output_buffer_timeout":250,"topology_region":"","topology_zone":""}
            """.ReplaceLineEndings(""),
            reply);
    }

    [Fact]
    public async Task Negotiation_echoes_what_was_asked_for_and_the_topology_of_the_broker()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings =>
        {
            settings.Gateway.TopologyRegion = settings.Queue.TopologyRegion = "eu";
            settings.Gateway.TopologyZone = settings.Queue.TopologyZone = "eu-1";
        });
        NsqSocket socket = await broker.OpenAsync();

        using JsonDocument reply = JsonDocument.Parse(await socket.IdentifyAsync(
            """
            {"feature_negotiation":true,"sample_rate":7,"msg_timeout":5000,"output_buffer_size":1024,"output_buffer_timeout":100,
             "topology_region":"us","topology_zone":"us-2","unknown":[{"key":null}]}
            """));

        Assert.Equal(7, reply.RootElement.GetProperty("sample_rate").GetInt32());
        Assert.Equal(5000, reply.RootElement.GetProperty("msg_timeout").GetInt32());
        Assert.Equal(1024, reply.RootElement.GetProperty("output_buffer_size").GetInt32());
        Assert.Equal(100, reply.RootElement.GetProperty("output_buffer_timeout").GetInt32());
        Assert.Equal("eu", reply.RootElement.GetProperty("topology_region").GetString());
        Assert.Equal("eu-1", reply.RootElement.GetProperty("topology_zone").GetString());
    }

    [Fact]
    public async Task Keys_match_in_any_case_and_null_leaves_the_default()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        using JsonDocument reply = JsonDocument.Parse(await socket.IdentifyAsync(
            """{"Feature_Negotiation":true,"MSG_TIMEOUT":2000,"sample_rate":null,"client_id":null}"""));

        Assert.Equal(2000, reply.RootElement.GetProperty("msg_timeout").GetInt32());
        Assert.Equal(0, reply.RootElement.GetProperty("sample_rate").GetInt32());
    }

    [Fact]
    public async Task Case_018_TLS_without_a_certificate_is_answered_false_and_the_session_goes_on()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        using JsonDocument reply = JsonDocument.Parse(await socket.IdentifyAsync("""{"feature_negotiation":true,"tls_v1":true}"""));

        Assert.False(reply.RootElement.GetProperty("tls_v1").GetBoolean());
        await socket.PublishAsync("t", "in the clear");
    }

    [Theory]
    [InlineData(999)]
    [InlineData(60_001)]
    public Task Case_019_A_heartbeat_interval_out_of_bounds_is_refused(int value) =>
        RefusedAsync("heartbeat_interval", value, "heartbeat interval");

    [Theory]
    [InlineData(1000)]
    [InlineData(60_000)]
    public async Task Case_019_A_heartbeat_interval_at_its_bounds_is_kept(int interval)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();

        Assert.Equal("OK", await socket.IdentifyAsync($$"""{"heartbeat_interval":{{interval}}}"""));
        await socket.ExpectNothingAsync();

        // Each is read some steps of virtual time after it was sent, so the next may seem early by as much.
        TimeSpan expected = TimeSpan.FromMilliseconds(interval);
        for (int i = 0; i < 3; i++)
        {
            TimeSpan waited = await broker.PassUntilHeartbeatAsync(socket, expected * 1.5);
            Assert.InRange(waited, expected * 0.7, expected * 1.5);
        }
    }

    [Fact]
    public async Task Case_020_Without_heartbeats_SUB_is_refused_and_PUB_works()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        Assert.Equal("OK", await socket.IdentifyAsync("""{"heartbeat_interval":-1}"""));
        await socket.PublishAsync("t", "a");
        await socket.SendLineAsync("SUB t c");

        await socket.ExpectFatalAsync("E_INVALID cannot SUB with heartbeats disabled");
    }

    [Fact]
    public async Task Without_heartbeats_a_connection_may_be_silent_for_ever()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();
        Assert.Equal("OK", await socket.IdentifyAsync("""{"heartbeat_interval":-1}"""));

        await broker.PassAsync(TimeSpan.FromMinutes(5));

        await socket.ExpectNothingAsync();
        Assert.Equal(0, socket.Heartbeats);
    }

    [Fact]
    public Task Case_021_A_heartbeat_interval_below_minus_one_is_refused() =>
        RefusedAsync("heartbeat_interval", -2, "heartbeat interval");

    [Theory]
    [InlineData(24)]
    [InlineData(30_001)]
    [InlineData(-2)]
    public Task Case_022_An_output_buffer_timeout_out_of_bounds_is_refused(int value) =>
        RefusedAsync("output_buffer_timeout", value, "output buffer timeout");

    [Theory]
    [InlineData(25, 25)]
    [InlineData(30_000, 30_000)]
    [InlineData(-1, 0)]
    public Task Case_022_An_output_buffer_timeout_within_bounds_is_echoed_and_none_as_0(int asked, int echoed) =>
        EchoedAsync("output_buffer_timeout", asked, ("output_buffer_timeout", echoed), ("output_buffer_size", 16_384));

    [Theory]
    [InlineData(63)]
    [InlineData(65_537)]
    [InlineData(-2)]
    public Task Case_023_An_output_buffer_size_out_of_bounds_is_refused(int value) =>
        RefusedAsync("output_buffer_size", value, "output buffer size");

    [Theory]
    [InlineData(64, 64, 250)]
    [InlineData(65_536, 65_536, 250)]
    [InlineData(-1, 1, 0)]
    public Task Case_023_An_output_buffer_size_within_bounds_is_echoed_and_none_as_1(int asked, int size, int timeout) =>
        EchoedAsync("output_buffer_size", asked, ("output_buffer_size", size), ("output_buffer_timeout", timeout));

    [Theory]
    [InlineData(100)]
    [InlineData(-1)]
    public Task Case_024_A_sample_rate_out_of_bounds_is_refused(int value) =>
        RefusedAsync("sample_rate", value, "sample rate");

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public Task Case_024_A_sample_rate_within_bounds_is_echoed(int rate) => EchoedAsync("sample_rate", rate, ("sample_rate", rate));

    [Theory]
    [InlineData(999)]
    [InlineData(900_001)]
    [InlineData(-1)]
    public Task Case_025_A_message_timeout_out_of_bounds_is_refused(int value) =>
        RefusedAsync("msg_timeout", value, "msg timeout");

    [Theory]
    [InlineData(1000, 1000)]
    [InlineData(900_000, 900_000)]
    [InlineData(0, 60_000)]
    public Task Case_025_A_message_timeout_within_bounds_is_echoed(int asked, int echoed) =>
        EchoedAsync("msg_timeout", asked, ("msg_timeout", echoed));

    [Theory]
    [InlineData("""{"heartbeat_interval":"1000"}""")]
    [InlineData("""{"heartbeat_interval":1000.0}""")]
    [InlineData("""{"feature_negotiation":1}""")]
    [InlineData("""{"client_id":1}""")]
    [InlineData("""{"msg_timeout":99999999999999999999}""")]
    [InlineData("""["heartbeat_interval"]""")]
    [InlineData("""{"heartbeat_interval":1000""")]
    [InlineData("""{"heartbeat_interval":1000}}""")]
    [InlineData("x")]
    public async Task Case_026_A_body_that_is_no_JSON_or_of_the_wrong_types_cannot_be_decoded(string json)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Identify(json));

        await socket.ExpectFatalAsync("E_BAD_BODY IDENTIFY failed to decode JSON body");
    }

    [Fact]
    public async Task Case_027_Deflate_and_snappy_together_are_refused()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Identify("""{"feature_negotiation":true,"deflate":true,"snappy":true}"""));

        await socket.ExpectFatalAsync("E_IDENTIFY_FAILED cannot enable both deflate and snappy compression");
    }

    [Fact]
    public async Task Without_negotiation_deflate_and_snappy_are_ignored_even_together()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        Assert.Equal("OK", await socket.IdentifyAsync("""{"deflate":true,"snappy":true}"""));
        await socket.PublishAsync("t", "in the clear");
    }

    [Fact]
    public async Task Case_030_IDENTIFY_may_be_repeated_before_SUB_and_not_after_it()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        Assert.Equal("OK", await socket.IdentifyAsync("{}"));
        Assert.StartsWith("{", await socket.IdentifyAsync("""{"feature_negotiation":true}"""), StringComparison.Ordinal);
        await socket.SubscribeAsync("t", "c");
        await socket.SendAsync(NsqCommand.Identify("{}"));

        await socket.ExpectFatalAsync("E_INVALID cannot IDENTIFY in current state");
    }

    [Theory]
    [InlineData(0, "E_BAD_BODY IDENTIFY invalid body size 0")]
    [InlineData(-1, "E_BAD_BODY IDENTIFY invalid body size -1")]
    [InlineData(5_242_881, "E_BAD_BODY IDENTIFY body too big 5242881 > 5242880")]
    public async Task Case_031_A_body_size_out_of_bounds_is_refused(int size, string error)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithLength("IDENTIFY", size));

        await socket.ExpectFatalAsync(error);
    }

    [Fact]
    public async Task Case_032_A_client_is_known_by_its_address_until_it_identifies_and_then_by_what_it_said()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();
        await socket.ExpectNothingAsync();
        ConnectionSnapshot unidentified = Assert.Single(broker.Connections);
        Assert.Equal(("127.0.0.1", "127.0.0.1", ""), (unidentified.ClientId, unidentified.Hostname, unidentified.UserAgent));
        Assert.Equal(socket.LocalEndPoint.ToString(), unidentified.RemoteAddress);

        Assert.Equal("OK", await socket.IdentifyAsync("""{"hostname":"host","user_agent":"agent/1"}"""));
        ConnectionSnapshot identified = Assert.Single(broker.Connections);
        Assert.Equal(("", "host", "agent/1"), (identified.ClientId, identified.Hostname, identified.UserAgent));
    }

    [Fact]
    public async Task The_first_setting_out_of_bounds_in_the_order_of_the_checks_is_the_one_named()
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Identify(
            """{"msg_timeout":1,"sample_rate":100,"output_buffer_size":1,"output_buffer_timeout":1,"heartbeat_interval":1}"""));

        await socket.ExpectFatalAsync("E_BAD_BODY IDENTIFY heartbeat interval (1) is invalid");
    }

    private async Task RefusedAsync(string key, int value, string name)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Identify($$"""{"{{key}}":{{value}}}"""));

        await socket.ExpectFatalAsync($"E_BAD_BODY IDENTIFY {name} ({value}) is invalid");
    }

    private async Task EchoedAsync(string key, int value, params (string Key, int Value)[] echoed)
    {
        RunningBroker broker = shared.Broker;
        NsqSocket socket = await broker.OpenAsync();

        using JsonDocument reply = JsonDocument.Parse(await socket.IdentifyAsync($$"""{"feature_negotiation":true,"{{key}}":{{value}}}"""));

        Assert.All(echoed, expected => Assert.Equal(expected.Value, reply.RootElement.GetProperty(expected.Key).GetInt32()));
        await socket.PublishAsync("t", "still open");
    }
}
