using Broker.Protocol;
using Broker.Serving.Limits;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

/// <summary>Bytes in, frames out, by the numbers of spec section 9 where there is one.</summary>
public sealed class ConversationTests
{
    private const string Sub = "SUB t c\n";

    /// <summary>What is sent, the error that ends the connection, and how many frames come before it.</summary>
    public static TheoryData<string, string, int> Refusals => new()
    {
        { "\n", "E_INVALID invalid command ", 0 },
        { "nop\n", "E_INVALID invalid command nop", 0 },
        { " NOP\n", "E_INVALID invalid command ", 0 },
        { "B\u00c3\n", "E_INVALID invalid command B\u00c3", 0 },
        { "SUB t  c\n", "E_BAD_CHANNEL SUB channel name \"\" is not valid", 0 },
        { "SUB t\n", "E_INVALID SUB insufficient number of parameters", 0 },
        { "SUB a:b c\n", "E_BAD_TOPIC SUB topic name \"a:b\" is not valid", 0 },
        { Sub + Sub, "E_INVALID cannot SUB in current state", 1 },
        { "IDENTIFY\n" + Sized("{\"heartbeat_interval\":-1}") + Sub, "E_INVALID cannot SUB with heartbeats disabled", 1 },
        { Sub + "IDENTIFY\n", "E_INVALID cannot IDENTIFY in current state", 1 },
        { "IDENTIFY\n" + Number(0), "E_BAD_BODY IDENTIFY invalid body size 0", 0 },
        { "IDENTIFY\n" + Number(5242881), "E_BAD_BODY IDENTIFY body too big 5242881 > 5242880", 0 },
        { "IDENTIFY\n" + Sized("{"), "E_BAD_BODY IDENTIFY failed to decode JSON body", 0 },
        { "IDENTIFY\n" + Sized("{\"heartbeat_interval\":\"1000\"}"), "E_BAD_BODY IDENTIFY failed to decode JSON body", 0 },
        { "IDENTIFY\n" + Sized("{\"heartbeat_interval\":1000.0}"), "E_BAD_BODY IDENTIFY failed to decode JSON body", 0 },
        { "IDENTIFY\n" + Sized("{\"heartbeat_interval\":999}"), "E_BAD_BODY IDENTIFY heartbeat interval (999) is invalid", 0 },
        { "IDENTIFY\n" + Sized("{\"HEARTBEAT_interval\":60001}"), "E_BAD_BODY IDENTIFY heartbeat interval (60001) is invalid", 0 },
        { "IDENTIFY\n" + Sized("{\"output_buffer_timeout\":24,\"output_buffer_size\":63}"), "E_BAD_BODY IDENTIFY output buffer timeout (24) is invalid", 0 },
        { "IDENTIFY\n" + Sized("{\"output_buffer_size\":63}"), "E_BAD_BODY IDENTIFY output buffer size (63) is invalid", 0 },
        { "IDENTIFY\n" + Sized("{\"sample_rate\":100}"), "E_BAD_BODY IDENTIFY sample rate (100) is invalid", 0 },
        { "IDENTIFY\n" + Sized("{\"msg_timeout\":900001}"), "E_BAD_BODY IDENTIFY msg timeout (900001) is invalid", 0 },
        { "IDENTIFY\n" + Sized("{\"feature_negotiation\":true,\"deflate\":true,\"snappy\":true}"),
            "E_IDENTIFY_FAILED cannot enable both deflate and snappy compression", 0 },
        { "AUTH x\n", "E_INVALID AUTH invalid number of parameters", 0 },
        { "AUTH\n" + Sized("s"), "E_AUTH_DISABLED AUTH disabled", 0 },
        { "AUTH\n" + Number(-5), "E_BAD_BODY AUTH invalid body size -5", 0 },
        { "PUB\n", "E_INVALID PUB insufficient number of parameters", 0 },
        { "PUB bad:name\n", "E_BAD_TOPIC PUB topic name \"bad:name\" is not valid", 0 },
        { "PUB t\n" + Number(0), "E_BAD_MESSAGE PUB invalid message body size 0", 0 },
        { "PUB t\n" + Number(-1), "E_BAD_MESSAGE PUB invalid message body size -1", 0 },
        { "PUB t\n" + Number(1048577), "E_BAD_MESSAGE PUB message too big 1048577 > 1048576", 0 },
        { "DPUB t\n", "E_INVALID DPUB insufficient number of parameters", 0 },
        { "DPUB t 3600001\n", "E_INVALID DPUB timeout 3600001 out of range 0-3600000", 0 },
        { "DPUB t -1\n", "E_INVALID DPUB could not parse timeout -1", 0 },
        { "DPUB t x\n", "E_INVALID DPUB could not parse timeout x", 0 },
        { "MPUB\n", "E_INVALID MPUB insufficient number of parameters", 0 },
        { "MPUB bad:name\n", "E_BAD_TOPIC E_BAD_TOPIC MPUB topic name \"bad:name\" is not valid", 0 },
        { "MPUB t\n" + Number(0), "E_BAD_BODY MPUB invalid body size 0", 0 },
        { "MPUB t\n" + Number(5242881), "E_BAD_BODY MPUB body too big 5242881 > 5242880", 0 },
        { "MPUB t\n" + Number(4) + Number(0), "E_BAD_BODY MPUB invalid message count 0", 0 },
        { "MPUB t\n" + Number(4) + Number(1048576), "E_BAD_BODY MPUB invalid message count 1048576", 0 },
        { "MPUB t\n" + Number(9) + Number(1) + Number(1048577), "E_BAD_MESSAGE MPUB message too big 1048577 > 1048576", 0 },
        { "MPUB t\n" + Multi("a", "b", ""), "E_BAD_MESSAGE MPUB invalid message(2) body size 0", 0 },
        { "RDY 1\n", "E_INVALID cannot RDY in current state", 0 },
        { Sub + "RDY 2501\n", "E_INVALID RDY count 2501 out of range 0-2500", 1 },
        { Sub + "RDY 18446744073709551615\n", "E_INVALID RDY count -1 out of range 0-2500", 1 },
        { Sub + "RDY -1\n", "E_INVALID RDY could not parse count -1", 1 },
        { "FIN 0123456789abcdef\n", "E_INVALID cannot FIN in current state", 0 },
        { "TOUCH\n", "E_INVALID cannot TOUCH in current state", 0 },
        { Sub + "FIN\n", "E_INVALID FIN insufficient number of params", 1 },
        { Sub + "FIN 0123456789abcde\n", "E_INVALID invalid message ID", 1 },
        { Sub + "REQ 0123456789abcdef\n", "E_INVALID REQ insufficient number of params", 1 },
        { Sub + "REQ 0123456789abcdef -1\n", "E_INVALID REQ could not parse timeout -1", 1 },
        { Sub + "TOUCH\n", "E_INVALID TOUCH insufficient number of params", 1 },
        { "CLS\n", "E_INVALID cannot CLS in current state", 0 },
        { Sub + "CLS\nCLS\n", "E_INVALID cannot CLS in current state", 2 },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_bad_command_gets_its_error_and_the_end(string sent, string error, int before)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(sent);
        for (int i = 0; i < before; i++)
            Assert.Equal(FrameType.Response, (await client.ReadFrameAsync()).Type);
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
    }

    [Theory]
    [InlineData("GET ")]
    [InlineData("  V1")]
    public async Task Case_1_2_Another_magic_is_refused(string magic)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync(magic);
        await client.ExpectErrorAsync("E_BAD_PROTOCOL");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Case_3_Less_than_the_magic_gets_nothing()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync("  V");
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Theory]
    [InlineData(16384, "")]
    [InlineData(16383, "E_INVALID invalid command ")]
    public async Task Case_11_A_line_that_does_not_fit_closes_without_an_error(int length, string error)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(new string('x', length) + "\n");
        if (error.Length > 0)
            Assert.StartsWith(error, (await client.ReadFrameAsync()).Data, StringComparison.Ordinal);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Harmless_lines_get_no_reply_and_pipelined_publishes_one_each()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("NOP\r\nNOP extra words\n" + string.Concat(Enumerable.Range(0, 10).Select(i => "PUB t\n" + Sized($"{i}"))));
        for (int i = 0; i < 10; i++)
            await client.ExpectAsync("OK");
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], server.Grains.Topic("t").Bodies);
        // One read, one append.
        Assert.True(server.Grains.Topic("t").Requests.Count <= 2);
    }

    [Fact]
    public async Task Identify_negotiates()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("IDENTIFY\n" + Sized("{}"));
        await client.ExpectAsync("OK");
        await client.SendAsync("IDENTIFY\n" + Sized("{\"feature_negotiation\":true,\"tls_v1\":true,\"client_id\":null}"));
        await client.ExpectAsync(
            """{"max_rdy_count":2500,"version":"1.3.0","max_msg_timeout":900000,"msg_timeout":60000,"tls_v1":false,"deflate":false,"deflate_level":6,"max_deflate_level":6,"snappy":false,"sample_rate":0,"auth_required":false,"output_buffer_size":16384,"output_buffer_timeout":250,"topology_region":"","topology_zone":""}""");
        await client.SendAsync("IDENTIFY\n" + Sized("""{"feature_negotiation":true,"output_buffer_size":-1,"msg_timeout":1000,"sample_rate":99,"heartbeat_interval":60000}"""));
        string reply = (await client.ReadFrameAsync()).Data;
        Assert.Contains("\"output_buffer_size\":1,\"output_buffer_timeout\":0", reply, StringComparison.Ordinal);
        Assert.Contains("\"msg_timeout\":1000", reply, StringComparison.Ordinal);
        Assert.Contains("\"sample_rate\":99", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Case_35_A_message_of_the_greatest_size_is_accepted()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t\n" + Sized(new string('x', 1 << 20)));
        await client.ExpectAsync("OK");
        await client.SendAsync("MPUB t\n" + Multi([.. Enumerable.Repeat(new string('y', 1 << 20), 4)]));
        await client.ExpectAsync("OK");
        Assert.Equal(5, server.Grains.Topic("t").Bodies.Length);
    }

    [Fact]
    public async Task Case_41_42_A_malformed_MPUB_leaves_a_topic_and_nothing_else()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("MPUB t\n" + Multi("a", "b", ""));
        await client.ExpectErrorAsync("E_BAD_MESSAGE MPUB invalid message(2) body size 0");
        Assert.True(server.Grains.Topic("t").Creations > 0);
        Assert.Empty(server.Grains.Topic("t").Requests);
    }

    [Fact]
    public async Task An_MPUB_makes_its_topic_before_its_body_has_come()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("MPUB t\n");
        await Eventually.TrueAsync(() => server.Grains.Topic("t").Creations == 1);
        await client.SendAsync(Multi("a"));
        await client.ExpectAsync("OK");
    }

    [Fact]
    public async Task Case_43_44_Elements_say_where_an_MPUB_ends()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("MPUB t\n" + Number(1) + Number(2) + Sized("a") + Sized("bc"));
        await client.ExpectAsync("OK");
        await client.SendAsync("MPUB t\n" + Number(16) + Number(1) + Sized("a") + "abc");
        await client.ExpectAsync("OK");
        await client.SendAsync("\n");
        await client.ExpectErrorAsync("E_INVALID invalid command abc");
        Assert.Equal(["a", "bc", "a"], server.Grains.Topic("t").Bodies);
    }

    [Theory]
    [InlineData("PUB t\n\0", "E_BAD_MESSAGE PUB failed to read message body size")]
    [InlineData("DPUB t 5\n\0\0\0\u0005ab", "E_BAD_MESSAGE DPUB failed to read message body")]
    [InlineData("IDENTIFY\n", "E_BAD_BODY IDENTIFY failed to read body size")]
    [InlineData("IDENTIFY\n\0\0\0\u0002{", "E_BAD_BODY IDENTIFY failed to read body")]
    [InlineData("MPUB t\n\0", "E_BAD_BODY MPUB failed to read body size")]
    [InlineData("MPUB t\n\0\0\0\u0009\0", "E_BAD_BODY MPUB failed to read message count")]
    [InlineData("MPUB t\n\0\0\0\u0009\0\0\0\u0002\0\0\0\u0001a\0", "E_BAD_MESSAGE MPUB failed to read message(1) body size")]
    [InlineData("MPUB t\n\0\0\0\u0009\0\0\0\u0002\0\0\0\u0003a", "E_BAD_MESSAGE MPUB failed to read message body")]
    public async Task The_end_within_a_body_gets_an_error(string sent, string error)
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(sent);
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        await client.ExpectErrorAsync(error);
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task The_end_within_a_line_gets_nothing()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("PUB t");
        client.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Case_52_54_72_RDY_is_a_ceiling_and_CLS_ends_it()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync(Sub);
        await client.ExpectAsync("OK");
        for (int i = 0; i < 5; i++)
            await client.SendAsync("PUB t\n" + Sized($"{i}"));
        for (int i = 0; i < 5; i++)
            await client.ExpectAsync("OK");
        await client.ExpectSilenceAsync();
        await client.SendAsync("RDY\n");
        ReceivedMessage first = await client.ReadMessageAsync();
        await client.ExpectSilenceAsync();
        await client.SendAsync($"FIN {first.Id}\n");
        ReceivedMessage second = await client.ReadMessageAsync();
        await client.SendAsync($"FIN {first.Id}\n");
        await client.ExpectErrorAsync($"E_FIN_FAILED FIN {first.Id} failed ID not in flight");
        await client.SendAsync($"TOUCH zzzzzzzzzzzzzzzz\nTOUCH {second.Id}\n");
        await client.ExpectErrorAsync("E_TOUCH_FAILED TOUCH zzzzzzzzzzzzzzzz failed ID not in flight");
        await client.SendAsync($"REQ {second.Id} 0\n");
        ReceivedMessage third = await client.ReadMessageAsync();
        await client.SendAsync("RDY \nCLS\n");
        await client.ExpectAsync("CLOSE_WAIT");
        await client.SendAsync($"RDY 5\nRDY nonsense\nFIN {third.Id}\nPUB t\n" + Sized("x"));
        await client.ExpectAsync("OK");
        await client.ExpectSilenceAsync();
        Assert.Equal(0, server.Grains.Channel("t", "c").InFlight);
    }

    [Fact]
    public async Task Case_62_FIN_from_another_connection_is_refused()
    {
        await using RunningGateway server = await RunningGateway.StartAsync();
        using NsqSocket owner = await server.ConnectAsync();
        using NsqSocket other = await server.ConnectAsync();
        await owner.SendAsync(Sub + "RDY 1\nPUB t\n" + Sized("x"));
        await owner.ExpectAsync("OK");
        await other.SendAsync(Sub);
        await other.ExpectAsync("OK");
        (FrameType Type, string Data)[] frames = [await owner.ReadFrameAsync(), await owner.ReadFrameAsync()];
        string id = frames.Single(frame => frame.Type == FrameType.Message).Data[10..26];
        await other.SendAsync($"FIN {id}\nREQ {id} 0\n");
        await other.ExpectErrorAsync($"E_FIN_FAILED FIN {id} failed client does not own message");
        await other.ExpectErrorAsync($"E_REQ_FAILED REQ {id} failed client does not own message");
        await owner.SendAsync($"FIN {id}\n");
        await owner.ExpectSilenceAsync();
    }
}
