using Broker.Tests.Simulation;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

/// <summary>Heartbeats, deadlines and the output buffer's timeout, by a clock that the test moves.</summary>
public sealed class TimeoutTests
{
    private const string Heartbeat = "_heartbeat_";

    private readonly VirtualTimeProvider _clock = new();

    [Fact]
    public async Task Case_4_The_first_heartbeat_comes_after_half_a_minute()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await AdvanceAsync(29.9);
        await ExpectNothingYetAsync(client);
        await AdvanceAsync(1.1);
        await client.ExpectAsync(Heartbeat);
    }

    [Fact]
    public async Task Case_5_A_client_that_says_nothing_is_closed_after_a_minute()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await AdvanceAsync(31);
        await client.ExpectAsync(Heartbeat);
        await AdvanceAsync(28);
        Assert.Equal(1, server.Gateway.ConnectionCount);
        // Counted from when the gateway began to wait, which a busy machine may do late. Heartbeats may come until then; no error does.
        string rest = System.Text.Encoding.Latin1.GetString(await AdvanceToEndAsync(client));
        Assert.Equal("", rest.Replace(Number(15) + Number(0) + Heartbeat, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_that_answers_heartbeats_stays()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        for (int i = 0; i < 10; i++)
        {
            await AdvanceAsync(30.1);
            await client.ExpectAsync(Heartbeat);
            await client.SendAsync("NOP\n");
            await ExpectNothingYetAsync(client);
        }
    }

    [Fact]
    public async Task Before_the_magic_there_is_neither_heartbeat_nor_deadline()
    {
        // As in nsqd, once our own limits are off.
        await using RunningGateway server = await RunningGateway.StartAsync(_clock, options =>
        {
            options.Limits.FirstCommandTimeout = TimeSpan.Zero;
            options.Limits.CommandTimeout = TimeSpan.Zero;
        });
        using NsqSocket client = await server.ConnectAsync("  V");
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 1);
        await AdvanceAsync(300);
        await client.SendAsync("2");
        await ExpectNothingYetAsync(client);
    }

    [Fact]
    public async Task Case_13_Silence_within_a_body_gets_an_error()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("IDENTIFY\n" + Sized("{\"heartbeat_interval\":60000}"));
        await client.ExpectAsync("OK");
        await client.SendAsync("PUB t\n" + Number(5) + "ab");
        await SettleAsync();
        await AdvanceAsync(61);
        await client.ExpectAsync(Heartbeat);
        // Another byte does not gain the command more time.
        await client.SendAsync("c");
        await SettleAsync();
        string rest = System.Text.Encoding.Latin1.GetString(await AdvanceToEndAsync(client));
        const string error = "E_BAD_MESSAGE PUB failed to read message body";
        Assert.Equal(Number(error.Length + 4) + Number(1) + error, rest.Replace(Number(15) + Number(0) + Heartbeat, "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_heartbeats_a_client_may_be_silent_for_ever()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("IDENTIFY\n" + Sized("{\"heartbeat_interval\":-1}"));
        await client.ExpectAsync("OK");
        await AdvanceAsync(100_000);
        await ExpectNothingYetAsync(client);
    }

    [Fact]
    public async Task Heartbeats_follow_the_first_IDENTIFY_and_the_deadline_the_last()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("IDENTIFY\n" + Sized("{\"heartbeat_interval\":10000}") + "IDENTIFY\n" + Sized("{\"heartbeat_interval\":1000}"));
        await client.ExpectAsync("OK");
        await client.ExpectAsync("OK");
        await SettleAsync();
        await AdvanceAsync(2.5);
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Case_76_A_message_waits_for_the_output_buffers_timeout_unless_RDY_is_used_up()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("SUB t c\nRDY 2\n");
        await client.ExpectAsync("OK");
        await Eventually.TrueAsync(() => server.Grains.Channel("t", "c").Executed.Count > 0);

        using NsqSocket producer = await ConnectAsync(server);
        await producer.SendAsync("PUB t\n" + Sized("one"));
        await producer.ExpectAsync("OK");
        Task<ReceivedMessage> one = client.ReadMessageAsync();
        await AdvanceAsync(0.24);
        await SettleAsync();
        Assert.False(one.IsCompleted);
        await AdvanceAsync(0.05);
        Assert.Equal("one", (await one).Body);

        // The second uses RDY up: it does not wait.
        await producer.SendAsync("PUB t\n" + Sized("two"));
        Assert.Equal("two", (await client.ReadMessageAsync()).Body);
    }

    [Fact]
    public async Task A_reply_takes_buffered_messages_along()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("SUB t c\nRDY 5\n");
        await client.ExpectAsync("OK");
        await Eventually.TrueAsync(() => server.Grains.Channel("t", "c").Executed.Count > 0);
        using NsqSocket producer = await ConnectAsync(server);
        await producer.SendAsync("PUB t\n" + Sized("one"));
        await producer.ExpectAsync("OK");
        await SettleAsync();
        await client.SendAsync("CLS\n");
        Assert.Equal("one", (await client.ReadMessageAsync()).Body);
        await client.ExpectAsync("CLOSE_WAIT");
    }

    [Fact]
    public async Task Messages_go_out_at_once_when_the_output_buffer_is_full()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock);
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("IDENTIFY\n" + Sized("{\"output_buffer_size\":64,\"output_buffer_timeout\":-1}") + "SUB t c\nRDY 5\nPUB t\n" + Sized(new string('x', 64)));
        await client.ExpectAsync("OK");
        await client.ExpectAsync("OK");
        (Broker.Protocol.FrameType Type, string Data)[] frames = [await client.ReadFrameAsync(), await client.ReadFrameAsync()];
        Assert.Contains(frames, frame => frame.Type == Broker.Protocol.FrameType.Message);
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_closed_after_its_heartbeat_interval()
    {
        await using RunningGateway server = await RunningGateway.StartAsync(_clock, options => options.ConsumerWindowBytes = 64 << 20);
        using NsqSocket client = await ConnectAsync(server);
        client.Socket.ReceiveBufferSize = 4096;
        await client.SendAsync("SUB t c\nRDY 2500\n");
        await client.ExpectAsync("OK");
        for (int i = 0; i < 32; i++)
            server.Grains.Topic("t").Append(Some.Batch(1 << 20, sequence: i + 1));
        // The write blocks when the buffers on the way are full, which may take its time.
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(15.5));
            return server.Gateway.ConnectionCount == 0;
        });
    }

    private static async Task<NsqSocket> ConnectAsync(RunningGateway server)
    {
        NsqSocket client = await server.ConnectAsync();
        // The clock must not move before the connection has begun to look at it.
        await ExpectNothingYetAsync(client);
        return client;
    }

    /// <summary>What was sent has been answered, and there is nothing before the answer.</summary>
    private static async Task ExpectNothingYetAsync(NsqSocket client)
    {
        await client.SendAsync("PUB x\n" + Sized("x"));
        await client.ExpectAsync("OK");
        await SettleAsync();
    }

    /// <summary>Everything up to the end of the connection, for which time passes.</summary>
    private async Task<byte[]> AdvanceToEndAsync(NsqSocket client)
    {
        Task<byte[]> rest = client.ReadToEndAsync();
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return rest.IsCompleted;
        });
        return await rest;
    }

    /// <summary>Gives other threads time to come to rest.</summary>
    private static Task SettleAsync() => Task.Delay(100);

    private async Task AdvanceAsync(double seconds)
    {
        _clock.Advance(TimeSpan.FromSeconds(seconds));
        await SettleAsync();
    }
}
