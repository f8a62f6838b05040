using Broker.Gateway.Limits;
using Broker.Gateway.Timing;
using Broker.Policies;
using Broker.Serving.Limits;
using Broker.Tests.Gateway;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging.Abstractions;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Security;

public sealed class LimitTests
{
    private readonly VirtualTimeProvider _clock = new();

    [Theory]
    [InlineData(2, 0, RefusalReason.TooManyConnections)]
    [InlineData(0, 2, RefusalReason.TooManyConnectionsOfAddress)]
    public async Task One_connection_too_many_is_closed_and_counted(int all, int ofAddress, RefusalReason reason)
    {
        await using RunningGateway server = await StartAsync(limits =>
            (limits.MaxConnections, limits.MaxConnectionsPerAddress) = (all, ofAddress));
        using NsqSocket first = await server.ConnectAsync();
        using (NsqSocket second = await server.ConnectAsync())
        {
            await PublishAsync(first);
            await PublishAsync(second);
            await NsqSocket.ExpectRefusalAsync(server.EndPoint);
            await Eventually.TrueAsync(() => server.Gateway.Refusals[reason] == 1);
        }
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 1);
        using NsqSocket next = await server.ConnectAsync();
        await PublishAsync(next);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  V2")]
    [InlineData("  V2NO")]
    [InlineData("  V2PUB t\n\0\0\0\u0009x")]
    public async Task Who_gives_no_command_is_closed(string sent)
    {
        await using RunningGateway server = await StartAsync(limits => limits.FirstCommandTimeout = TimeSpan.FromSeconds(10));
        using NsqSocket client = await NsqSocket.ConnectAsync(server.EndPoint);
        await client.SendAsync(sent);
        await Eventually.TrueAsync(() => server.Gateway.ConnectionCount == 1);
        await AdvanceUntilAsync(() => server.Gateway.ConnectionCount == 0, atLeast: 10);
        await Eventually.TrueAsync(() => server.Gateway.Refusals[RefusalReason.NoFirstCommand] == 1);
    }

    [Fact]
    public async Task Who_has_given_a_command_may_be_silent()
    {
        await using RunningGateway server = await StartAsync(limits => limits.FirstCommandTimeout = TimeSpan.FromSeconds(10));
        using NsqSocket client = await server.ConnectAsync();
        await PublishAsync(client);
        for (int i = 0; i < 25; i++)
            _clock.Advance(TimeSpan.FromSeconds(1));
        await PublishAsync(client);
    }

    [Fact]
    public async Task A_slow_command_is_ended_even_without_heartbeats()
    {
        await using RunningGateway server = await StartAsync(limits => limits.CommandTimeout = TimeSpan.FromSeconds(10));
        using NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("IDENTIFY\n" + Sized("{\"heartbeat_interval\":-1}"));
        await client.ExpectAsync("OK");
        await client.SendAsync("PUB t\n" + Number(1000) + "slowly");
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return server.Gateway.Refusals[RefusalReason.SlowCommand] == 1;
        });
        await client.ExpectErrorAsync("E_BAD_MESSAGE PUB failed to read message body");
        await client.ExpectEndAsync();
    }

    [Fact]
    public async Task Too_many_commands_are_read_later_and_none_is_lost()
    {
        await using RunningGateway server = await StartAsync(limits => limits.MaxCommandsPerSecond = 10);
        using NsqSocket client = await server.ConnectAsync();
        TimeSpan start = _clock.Elapsed;
        await client.SendAsync(string.Concat(Enumerable.Range(0, 40).Select(i => "PUB t\n" + Sized($"{i}"))));
        // Time stands still until more came than may; then one more waits for its turn.
        await Eventually.TrueAsync(() => server.Gateway.Refusals[RefusalReason.TooManyCommands] > 0);
        await client.SendAsync("PUB t\n" + Sized("40"));
        Task reading = Task.Run(async () =>
        {
            for (int answered = 0; answered < 41; answered++) await client.ExpectAsync("OK");
        });
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            return reading.IsCompleted;
        });
        await reading;
        Assert.True(_clock.Elapsed - start >= TimeSpan.FromSeconds(2), $"all were read after {_clock.Elapsed - start}");
        Assert.Equal(41, server.Grains.Topic("t").Bodies.Length);
    }

    [Fact]
    public async Task A_large_body_waits_while_others_take_the_bytes()
    {
        await using RunningGateway server = await StartAsync(limits => limits.MaxBytesInFlight = 600_000);
        string body = new('x', 500_000);
        using NsqSocket slow = await server.ConnectAsync();
        await slow.SendAsync("PUB t\n" + Number(500_000) + body[..100]);
        await Eventually.TrueAsync(() => server.Gateway.BytesInFlight.Taken > 0);
        using NsqSocket waiting = await server.ConnectAsync();
        await waiting.SendAsync("PUB t\n" + Number(500_000) + body[..100]);
        await Eventually.TrueAsync(() => server.Gateway.Refusals[RefusalReason.TooManyBytesInFlight] == 1);
        using NsqSocket small = await server.ConnectAsync();
        await PublishAsync(small);
        await slow.SendAsync(body[100..]);
        await slow.ExpectAsync("OK");
        await waiting.SendAsync(body[100..]);
        await waiting.ExpectAsync("OK");
        await Eventually.TrueAsync(() => server.Gateway.BytesInFlight.Taken == 0);
    }

    [Fact]
    public async Task Who_goes_away_gives_its_bytes_back()
    {
        await using RunningGateway server = await StartAsync(limits => limits.MaxBytesInFlight = 600_000);
        using (NsqSocket gone = await server.ConnectAsync())
        {
            await gone.SendAsync("PUB t\n" + Number(500_000) + "x");
            await Eventually.TrueAsync(() => server.Gateway.BytesInFlight.Taken > 0);
        }
        await Eventually.TrueAsync(() => server.Gateway.BytesInFlight.Taken == 0);
    }

    [Fact]
    public async Task A_gateway_that_stops_waits_for_nobody_who_waits()
    {
        RunningGateway server = await StartAsync(limits => limits.MaxBytesInFlight = 100_000);
        using NsqSocket first = await server.ConnectAsync();
        await first.SendAsync("PUB t\n" + Number(99_000) + "x");
        await Eventually.TrueAsync(() => server.Gateway.BytesInFlight.Taken > 0);
        using NsqSocket second = await server.ConnectAsync();
        await second.SendAsync("PUB t\n" + Number(99_000) + "x");
        await Eventually.TrueAsync(() => server.Gateway.Refusals[RefusalReason.TooManyBytesInFlight] == 1);
        await server.DisposeAsync();
        await second.ExpectEndAsync();
    }

    [Fact]
    public async Task Memory_that_runs_short_holds_publishers_until_it_does_not()
    {
        long used = 50;
        long collections = 0;
        using TimerWheel wheel = new(_clock, NullLogger.Instance);
        MemoryPressure pressure = new(100, wheel, _clock, () => Interlocked.Read(ref used), () => Interlocked.Increment(ref collections));
        Assert.False(pressure.IsHigh);
        Interlocked.Exchange(ref used, 95);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(pressure.IsHigh);
        Task slowed = pressure.WaitAsync(default).AsTask();
        Assert.False(slowed.IsCompleted);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await slowed;
        Interlocked.Exchange(ref used, 101);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Task held = pressure.WaitAsync(default).AsTask();
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.False(held.IsCompleted);
        // The collection runs on the pool, which may be busy.
        await Eventually.TrueAsync(() => Interlocked.Read(ref collections) > 0);
        Interlocked.Exchange(ref used, 60);
        _clock.Advance(TimeSpan.FromSeconds(1));
        await held;
        Assert.False(pressure.IsHigh);
    }

    [Fact]
    public void Refusals_are_logged_once_a_second_and_counted_always()
    {
        CountingLogger logger = new();
        using Refusals refusals = new(_clock, logger);
        for (int i = 0; i < 1000; i++)
            refusals.Add(RefusalReason.SlowCommand, "a");
        Assert.Equal((1, 1000L), (logger.Lines, refusals[RefusalReason.SlowCommand]));
        refusals.Add(RefusalReason.MemoryShort, "a");
        Assert.Equal(2, logger.Lines);
        _clock.Advance(TimeSpan.FromSeconds(1));
        refusals.Add(RefusalReason.SlowCommand, "b");
        Assert.Equal(3, logger.Lines);
        Assert.Contains("1000 times", logger.Last);
    }

    private Task<RunningGateway> StartAsync(Action<LimitOptions> limit) =>
        RunningGateway.StartAsync(_clock, options => limit(options.Limits));

    private async Task AdvanceUntilAsync(Func<bool> condition, int atLeast)
    {
        for (int i = 1; i < atLeast; i++)
            _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(condition());
        await Eventually.TrueAsync(() =>
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            return condition();
        });
    }

    private static async Task PublishAsync(NsqSocket client)
    {
        await client.SendAsync("PUB t\n" + Sized("x"));
        await client.ExpectAsync("OK");
    }
}
