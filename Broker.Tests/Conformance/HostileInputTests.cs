using Broker.Tests.Running;

namespace Broker.Tests.Conformance;

/// <summary>Malformed and oversized input gets its error and costs nothing but its own connection.</summary>
public sealed class HostileInputTests
{
    private const int Connections = 20;

    /// <summary>What is sent, and the error that it gets; none when the connection is just closed.</summary>
    public static TheoryData<string, string, string?> Inputs => new()
    {
        { "wrong magic", "HTTP", "E_BAD_PROTOCOL" },
        { "HTTP request", "GET / HTTP/1.1\r\nHost: broker\r\n\r\n", "E_BAD_PROTOCOL" },
        { "unknown command", "  V2FOO\n", "E_INVALID invalid command FOO" },
        { "binary", "  V2\u0016\u0003\u0001\u0000\u00FF\n", "E_INVALID invalid command \u0016\u0003\u0001\u0000\u00FF" },
        { "endless line", "  V2" + new string('A', 100_000), null },
        { "oversized message", "  V2PUB t\n\u0000\u0010\u0000\u0001", "E_BAD_MESSAGE PUB message too big 1048577 > 1048576" },
        { "greatest length", "  V2PUB t\n\u007F\u00FF\u00FF\u00FF", "E_BAD_MESSAGE PUB message too big 2147483647 > 1048576" },
        { "negative length", "  V2PUB t\n\u0080\u0000\u0000\u0000", "E_BAD_MESSAGE PUB invalid message body size -2147483648" },
        { "oversized MPUB", "  V2MPUB t\n\u007F\u00FF\u00FF\u00FF", "E_BAD_BODY MPUB body too big 2147483647 > 5242880" },
        { "countless elements", "  V2MPUB t\n\0\0\0\u0008\u007F\u00FF\u00FF\u00FF", "E_BAD_BODY MPUB invalid message count 2147483647" },
        { "oversized IDENTIFY", "  V2IDENTIFY\n\u007F\u00FF\u00FF\u00FF", "E_BAD_BODY IDENTIFY body too big 2147483647 > 5242880" },
        { "deep JSON", "  V2IDENTIFY\n\0\u0000\u0080\u0000" + new string('[', 32_768), "E_BAD_BODY IDENTIFY failed to decode JSON body" },
        { "long name", $"  V2PUB {new string('n', 10_000)}\n", $"E_BAD_TOPIC PUB topic name \"{new string('n', 10_000)}\" is not valid" },
    };

    [Theory]
    [MemberData(nameof(Inputs))]
    public async Task Hostile_input_costs_nothing_but_its_own_connection(string name, string sent, string? error)
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync("healthy", "c", ready: 1);
        NsqSocket producer = await broker.OpenAsync();

        for (int i = 0; i < Connections; i++)
        {
            NsqSocket hostile = await broker.ConnectAsync();
            await hostile.SendInVainAsync(NsqCommand.Text(sent));

            await producer.PublishAsync("healthy", $"{name} {i}");
            await consumer.FinishAsync(await consumer.ExpectMessageAsync($"{name} {i}"));

            if (error is null) await hostile.ExpectClosedAsync();
            else await hostile.ExpectFatalAsync(error);
        }

        await broker.UntilAsync("healthy", "c", stats => stats is { Finished: Connections, TimedOut: 0, InFlight: 0, Depth: 0 });
    }

    [Fact]
    public async Task A_refused_command_does_not_take_back_what_was_acknowledged_before_it()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync([.. NsqCommand.Pub("t", "1"), .. NsqCommand.Mpub("t", ["2", "3"]), .. NsqCommand.Line("NONSENSE")]);

        await socket.ExpectOkAsync(2);
        await socket.ExpectFatalAsync("E_INVALID invalid command NONSENSE");
        await broker.UntilAsync("t", stats => stats.Depth == 3);
    }

    [Fact]
    public async Task What_is_pipelined_behind_a_fatal_command_is_not_carried_out()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket socket = await broker.OpenAsync();

        await socket.SendAsync([.. NsqCommand.Pub("t", "1"), .. NsqCommand.Line("NONSENSE"), .. NsqCommand.Pub("t", "2")]);

        await socket.ExpectOkAsync();
        await socket.ExpectFatalAsync("E_INVALID invalid command NONSENSE");
        await broker.PublishAsync("t", "3");
        await broker.UntilAsync("t", stats => stats is { Depth: 2, MessageCount: 2 });
    }

    [Fact]
    public async Task Connections_that_are_cut_within_a_command_cost_nothing()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        byte[] whole = [.. NsqCommand.Magic, .. NsqCommand.Mpub("t", ["one", "two"])];

        for (int length = 0; length < whole.Length; length++)
        {
            NsqSocket cut = await broker.ConnectAsync();
            await cut.SendAsync(whole[..length]);
            cut.Abort();
        }

        await broker.PublishAsync("t", "whole");
        await broker.UntilAsync("t", stats => stats is { Depth: 1, MessageCount: 1 });
    }
}
