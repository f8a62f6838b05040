using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Spec section 9, connection and framing: cases 1 to 14.</summary>
public sealed class ConnectionTests
{
    // Time may pass before a connection's timers are set: a step or two of virtual time.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    [Theory]
    [InlineData("GET ")]
    [InlineData("get ")]
    [InlineData("V2  ")]
    public async Task Case_001_A_wrong_magic_is_E_BAD_PROTOCOL(string magic)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.ConnectAsync();

        await socket.SendAsync(NsqCommand.Text(magic));

        await socket.ExpectFatalAsync("E_BAD_PROTOCOL");
    }

    [Fact]
    public async Task Case_002_The_magic_of_the_lookup_service_is_E_BAD_PROTOCOL()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.ConnectAsync();

        await socket.SendAsync(NsqCommand.Text("  V1"));

        await socket.ExpectFatalAsync("E_BAD_PROTOCOL");
    }

    [Fact]
    public async Task Case_003_A_connection_that_ends_within_the_magic_is_closed_without_a_byte()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.ConnectAsync();

        await socket.SendAsync(NsqCommand.Text("  V"));
        socket.EndSending();

        await socket.ExpectClosedAsync();
    }

    [Fact]
    public async Task Case_004_A_silent_connection_gets_a_heartbeat_after_30_seconds()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();

        Task heartbeat = socket.ExpectBytesAsync([0, 0, 0, 0x0F, 0, 0, 0, 0, .. "_heartbeat_"u8]);
        TimeSpan waited = await broker.PassUntilAsync(heartbeat, TimeSpan.FromSeconds(30) + Slack);

        Assert.InRange(waited, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30) + Slack);
        await socket.ExpectNothingAsync();
        Assert.Equal(0, socket.Heartbeats);
    }

    [Fact]
    public async Task Case_005_A_client_that_answers_no_heartbeat_is_closed_after_60_seconds_without_an_error()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();

        TimeSpan waited = await broker.PassUntilAsync(socket.ExpectClosedAsync(), TimeSpan.FromSeconds(60) + Slack);

        Assert.InRange(waited, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60) + Slack);
        Assert.InRange(socket.Heartbeats, 1, 2);
    }

    [Fact]
    public async Task Any_command_keeps_a_connection_alive()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();

        for (int i = 0; i < 4; i++)
        {
            await broker.PassAsync(TimeSpan.FromSeconds(45));
            await socket.ExpectNothingAsync();
        }

        Assert.InRange(socket.Heartbeats, 5, 6);
    }

    [Fact]
    public async Task Case_006_A_carriage_return_before_the_newline_is_dropped()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Text("NOP\r\n"));
        await socket.ExpectNothingAsync();

        await socket.SendAsync([.. NsqCommand.Text("PUB t\r\n"), .. NsqCommand.Length(1), .. "x"u8]);
        await socket.ExpectOkAsync();
    }

    [Fact]
    public async Task Case_007_An_empty_line_is_an_invalid_command()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Text("\n"));

        await socket.ExpectFatalAsync("E_INVALID invalid command ");
    }

    [Fact]
    public async Task Case_008_Commands_are_upper_case()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync("nop");

        await socket.ExpectFatalAsync("E_INVALID invalid command nop");
    }

    [Fact]
    public async Task Case_009_A_leading_space_makes_an_empty_command()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync(" NOP");

        await socket.ExpectFatalAsync("E_INVALID invalid command ");
    }

    [Fact]
    public async Task Case_010_Two_spaces_make_an_empty_parameter()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync("SUB t  c");

        await socket.ExpectFatalAsync("E_BAD_CHANNEL SUB channel name \"\" is not valid");
    }

    [Fact]
    public async Task Case_011_A_line_that_does_not_end_is_closed_without_an_error()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendInVainAsync(NsqCommand.Text(new string('N', 20_000)));

        await socket.ExpectClosedAsync();
    }

    [Fact]
    public async Task A_line_of_16384_bytes_is_read_whole_and_one_byte_more_is_closed()
    {
        const int readBuffer = 16_384;
        await using RunningBroker broker = await RunningBroker.StartAsync();

        NsqSocket fits = await broker.OpenAsync();
        await fits.SendLineAsync("NOP " + new string('x', readBuffer - "NOP \n".Length));
        await fits.ExpectNothingAsync();

        NsqSocket tooLong = await broker.OpenAsync();
        await tooLong.SendInVainAsync(NsqCommand.Line("NOP " + new string('x', readBuffer - "NOP ".Length)));
        await tooLong.ExpectClosedAsync();
    }

    [Fact]
    public async Task Case_012_Further_parameters_are_ignored()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendLineAsync("NOP extra words");
        await socket.ExpectNothingAsync();

        await socket.SendLineAsync("SUB t c extra words");
        await socket.ExpectOkAsync();
    }

    [Fact]
    public async Task Case_013_A_body_that_does_not_come_ends_at_the_read_deadline_with_an_error()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(virtualTime: true);
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.WithLength("PUB t", 5, (byte)'a', (byte)'b'));
        Task failed = socket.ExpectFatalAsync("E_BAD_MESSAGE PUB failed to read message body");
        TimeSpan waited = await broker.PassUntilAsync(failed, TimeSpan.FromSeconds(60) + Slack);

        Assert.InRange(waited, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(60) + Slack);
    }

    [Theory]
    [InlineData("PUB t\n\0\0\0\u0005ab", "E_BAD_MESSAGE PUB failed to read message body")]
    [InlineData("PUB t\n\0\0", "E_BAD_MESSAGE PUB failed to read message body size")]
    [InlineData("DPUB t 1\n\0\0\0\u0005ab", "E_BAD_MESSAGE DPUB failed to read message body")]
    [InlineData("DPUB t 1\n\0\0", "E_BAD_MESSAGE DPUB failed to read message body size")]
    [InlineData("MPUB t\n\0\0", "E_BAD_BODY MPUB failed to read body size")]
    [InlineData("MPUB t\n\0\0\0\u0010\0\0", "E_BAD_BODY MPUB failed to read message count")]
    [InlineData("MPUB t\n\0\0\0\u0010\0\0\0\u0001\0\0", "E_BAD_MESSAGE MPUB failed to read message(0) body size")]
    [InlineData("MPUB t\n\0\0\0\u0010\0\0\0\u0001\0\0\0\u0005ab", "E_BAD_MESSAGE MPUB failed to read message body")]
    [InlineData("IDENTIFY\n\0\0", "E_BAD_BODY IDENTIFY failed to read body size")]
    [InlineData("IDENTIFY\n\0\0\0\u0005{}", "E_BAD_BODY IDENTIFY failed to read body")]
    public async Task A_connection_that_ends_within_a_body_is_told_what_could_not_be_read(string sent, string error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(NsqCommand.Text(sent));
        socket.EndSending();

        await socket.ExpectFatalAsync(error);
    }

    [Fact]
    public async Task Case_014_Ten_pipelined_PUBs_in_one_packet_are_answered_in_order()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync(Enumerable.Range(0, 10).SelectMany(i => NsqCommand.Pub("t", $"message {i}")).ToArray());

        await socket.ExpectOkAsync(10);
        await socket.ExpectNothingAsync();
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 10);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(10);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"message {i}"), messages.Select(message => message.Text).Order());
    }

    [Fact]
    public async Task Replies_leave_in_the_order_of_the_commands_whatever_each_of_them_waits_for()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync([
            .. NsqCommand.Pub("one", "a"),
            .. NsqCommand.Line("NOP"),
            .. NsqCommand.Identify("""{"feature_negotiation":true}"""),
            .. NsqCommand.Mpub("two", ["b", "c"]),
            .. NsqCommand.Line("SUB one c"),
            .. NsqCommand.Line("FIN zzzzzzzzzzzzzzzz"),
            .. NsqCommand.Dpub("three", "60000", "d"),
            .. NsqCommand.Line("CLS"),
            .. NsqCommand.Pub("one", "e"),
            .. NsqCommand.Line("CLS"),
        ]);

        await socket.ExpectOkAsync();
        Assert.StartsWith("{", await socket.ExpectResponseAsync(), StringComparison.Ordinal);
        await socket.ExpectOkAsync();
        await socket.ExpectOkAsync();
        await socket.ExpectErrorAsync("E_FIN_FAILED FIN zzzzzzzzzzzzzzzz failed ID not in flight");
        await socket.ExpectOkAsync();
        await socket.ExpectResponseAsync("CLOSE_WAIT");
        await socket.ExpectOkAsync();
        await socket.ExpectFatalAsync("E_INVALID cannot CLS in current state");
    }

    [Fact]
    public async Task Commands_that_come_byte_by_byte_are_understood()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.ConnectAsync();

        byte[] sent = [.. NsqCommand.Magic, .. NsqCommand.Pub("t", "a"), .. NsqCommand.Mpub("t", ["b", "c"]), .. NsqCommand.Line("NOP")];
        foreach (byte one in sent) await socket.SendAsync([one]);

        await socket.ExpectOkAsync(2);
        await socket.ExpectNothingAsync();
        await broker.UntilAsync("t", stats => stats.Depth == 3);
    }
}
