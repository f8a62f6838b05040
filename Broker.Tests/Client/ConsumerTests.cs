using System.Collections.Concurrent;
using System.Text;
using System.Threading.Channels;
using Broker.Client;
using Broker.Tests.Running;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging;
using Eventually = Broker.Tests.Gateway.Eventually;
using NsqMessage = Broker.Client.NsqMessage;

namespace Broker.Tests.Client;

/// <summary>The consumer against a server that says what a test tells it to.</summary>
public sealed class ConsumerTests : IAsyncDisposable
{
    private const string First = "0000000000000001";
    private const string Second = "0000000000000002";
    private const string Third = "0000000000000003";

    // For what takes real time while a test lets virtual time fly.
    private static readonly TimeSpan RealTimeMatters = TimeSpan.FromDays(1);

    private readonly ScriptedServer _server = new();
    private readonly VirtualTimeProvider _clock = new();
    private readonly Channel<NsqMessage> _handled = Channel.CreateUnbounded<NsqMessage>();
    private NsqConsumer? _consumer;

    public async ValueTask DisposeAsync()
    {
        // The server first: a consumer waits for a server that is there to say farewell, and this one says only what it is told.
        await _server.DisposeAsync();
        if (_consumer is not null) await _consumer.DisposeAsync();
    }

    [Fact]
    public async Task It_subscribes_asks_for_messages_and_finishes_them()
    {
        Task starting = Consumer().StartAsync(Handle);
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectLineAsync("SUB orders mail");
        Assert.False(starting.IsCompleted);
        await connection.SendResponseAsync("OK");
        await starting;
        await connection.ExpectLineAsync("RDY 10");

        await connection.SendAsync(ScriptedConnection.Message(First, "hello", attempts: 2));
        NsqMessage message = await HandledAsync();
        await connection.ExpectLineAsync($"FIN {First}");
        Assert.Equal("hello", Encoding.UTF8.GetString(message.Body.Span));
        Assert.Equal(First, message.Id);
        Assert.Equal(2, message.Attempts);
        Assert.Equal(DateTimeOffset.UnixEpoch.AddTicks(17_000_000_001_234_567), message.Timestamp);
        Assert.Equal(_server.Address, message.Address);
        Assert.Equal(TimeSpan.FromSeconds(60), message.Timeout);
        Assert.True(message.IsAnswered);
        Assert.False(message.Finish());
        Assert.False(message.Requeue());
        Assert.False(message.Touch());
        Assert.Empty(await connection.ReadUntilQuietAsync());
    }

    [Fact]
    public async Task Messages_may_come_in_pieces_between_heartbeats()
    {
        ScriptedConnection connection = await StartAsync(Consumer());
        await connection.SendSplitAsync([
            .. ScriptedConnection.Frame(0, "_heartbeat_"u8),
            .. ScriptedConnection.Message(First, "hello"),
            .. ScriptedConnection.Frame(0, "_heartbeat_"u8),
            .. ScriptedConnection.Message(Second, new string('x', 100))]);
        Assert.Equal(First, (await HandledAsync()).Id);
        Assert.Equal(100, (await HandledAsync()).Body.Length);
        List<string> said = [await connection.ReadLineAsync(), await connection.ReadLineAsync(), await connection.ReadLineAsync(), await connection.ReadLineAsync()];
        Assert.Equal([$"FIN {First}", $"FIN {Second}", "NOP", "NOP"], said.Order());
    }

    [Fact]
    public async Task Messages_larger_than_any_buffer_come_whole()
    {
        ScriptedConnection connection = await StartAsync(Consumer());
        string body = string.Concat(Enumerable.Range(0, 100_000).Select(i => (char)('a' + (i % 26))));
        await connection.SendAsync([.. Enumerable.Range(1, 9).Select(i => ScriptedConnection.Message($"{i}", body[i..]))]);
        for (int i = 1; i <= 9; i++) Assert.Equal(body[i..], Encoding.UTF8.GetString((await HandledAsync()).Body.Span));
    }

    [Fact]
    public async Task A_failure_requeues_and_backs_off_until_a_success()
    {
        bool fails = true;
        NsqConsumer consumer = Consumer(options => options.MaxBackoff = TimeSpan.FromMinutes(2));
        ScriptedConnection connection = await StartAsync(consumer, async (message, cancellation) =>
        {
            await Handle(message, cancellation);
            if (fails) throw new InvalidOperationException("no");
        });
        await connection.SendMessageAsync(First, "a", attempts: 3);
        await connection.ExpectLineAsync($"REQ {First} 270000");
        await connection.ExpectLineAsync("RDY 0");
        Assert.True(consumer.IsBackingOff);

        _clock.Advance(TimeSpan.FromSeconds(1.9));
        Assert.Empty(await connection.ReadUntilQuietAsync());
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await connection.ExpectLineAsync("RDY 1");

        // Fails again: a longer pause.
        await connection.SendMessageAsync(Second, "b");
        await connection.ExpectLineAsync($"REQ {Second} 90000");
        await connection.ExpectLineAsync("RDY 0");
        _clock.Advance(TimeSpan.FromSeconds(3.9));
        Assert.Empty(await connection.ReadUntilQuietAsync());
        _clock.Advance(TimeSpan.FromSeconds(0.1));
        await connection.ExpectLineAsync("RDY 1");

        // Two successes lead back, a pause of the lower level between them.
        fails = false;
        await connection.SendMessageAsync(Second, "b");
        await connection.ExpectLineAsync($"FIN {Second}");
        await connection.ExpectLineAsync("RDY 0");
        _clock.Advance(TimeSpan.FromSeconds(2));
        await connection.ExpectLineAsync("RDY 1");
        await connection.SendMessageAsync(Third, "c");
        await connection.ExpectLineAsync($"FIN {Third}");
        await connection.ExpectLineAsync("RDY 10");
        Assert.False(consumer.IsBackingOff);
    }

    [Fact]
    public async Task Many_failures_at_once_are_one_step_back()
    {
        TaskCompletionSource gate = new();
        NsqConsumer consumer = Consumer(options => (options.Concurrency, options.MaxBackoff) = (3, TimeSpan.FromMinutes(2)));
        ScriptedConnection connection = await StartAsync(consumer, async (message, cancellation) =>
        {
            await Handle(message, cancellation);
            await gate.Task;
            throw new InvalidOperationException("no");
        });
        await connection.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"), ScriptedConnection.Message(Third, "c"));
        for (int i = 0; i < 3; i++) await HandledAsync();
        gate.SetResult();
        List<string> said = [];
        for (int i = 0; i < 4; i++) said.Add(await connection.ReadLineAsync());
        Assert.Equal(3, said.Count(line => line.StartsWith("REQ ", StringComparison.Ordinal)));
        Assert.Contains("RDY 0", said);
        _clock.Advance(TimeSpan.FromSeconds(2));
        await connection.ExpectLineAsync("RDY 1");
    }

    [Fact]
    public async Task A_handler_that_blocks_does_not_hold_back_the_answers_before_it()
    {
        using SemaphoreSlim gate = new(0);
        ScriptedConnection connection = await StartAsync(Consumer(), (message, _) =>
        {
            Assert.True(_handled.Writer.TryWrite(message));
            if (message.Id == Second) Assert.True(gate.Wait(NsqSocket.Patience));
            return ValueTask.CompletedTask;
        });
        await connection.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"));
        for (int i = 0; i < 2; i++) await HandledAsync();
        Task<string> answer = connection.ReadLineAsync();
        await PassUntilAsync(answer);
        Assert.Equal($"FIN {First}", await answer);
        gate.Release();
        await connection.ExpectLineAsync($"FIN {Second}");
    }

    [Fact]
    public async Task Blocking_handlers_run_beside_one_another_and_get_all_that_came_at_once()
    {
        const int count = 500;
        const int concurrency = 4;
        using CountdownEvent together = new(concurrency);
        ScriptedConnection connection = await StartAsync(Consumer(options => options.Concurrency = concurrency), (message, _) =>
        {
            if (together.CurrentCount > 0)
            {
                together.Signal();
                Assert.True(together.Wait(NsqSocket.Patience));
            }
            return Handle(message, default);
        });
        await connection.SendAsync([.. Enumerable.Range(1, count).Select(i => ScriptedConnection.Message($"{i:x16}", "a"))]);
        HashSet<string> handled = [];
        for (int i = 0; i < count; i++) handled.Add((await HandledAsync()).Id);
        Assert.Equal(count, handled.Count);
        for (int i = 0; i < count; i++) Assert.True(handled.Remove((await connection.ReadLineAsync())["FIN ".Length..]));
    }

    [Fact]
    public async Task A_failure_of_one_message_does_not_hold_up_the_others_unless_that_is_asked_for()
    {
        ConcurrentQueue<string> lines = [];
        NsqConsumer consumer = Consumer(logger: new LineLogger(lines));
        ScriptedConnection connection = await StartAsync(consumer, (_, _) => throw new InvalidOperationException("no"));
        await connection.SendMessageAsync(First, "a");
        await connection.ExpectLineAsync($"REQ {First} 90000");
        Assert.Empty(await connection.ReadUntilQuietAsync());
        Assert.False(consumer.IsBackingOff);
        Assert.Equal([$"orders/mail: connected to {_server.Address}", $"orders/mail: handling message {First} failed, attempt 1"], lines);
    }

    [Fact]
    public async Task A_handler_may_answer_by_hand()
    {
        ScriptedConnection connection = await StartAsync(Consumer(), (message, _) =>
        {
            Assert.True(message.Touch());
            Assert.True(message.Requeue(TimeSpan.FromMilliseconds(1234.5)));
            return ValueTask.CompletedTask;
        });
        await connection.SendMessageAsync(First, "a");
        await connection.ExpectLineAsync($"TOUCH {First}");
        await connection.ExpectLineAsync($"REQ {First} 1234");
        Assert.Empty(await connection.ReadUntilQuietAsync());
    }

    [Fact]
    public async Task Without_automatic_answers_a_message_stays_until_it_is_answered()
    {
        NsqConsumer consumer = Consumer(options => options.AutoRespond = false);
        ScriptedConnection connection = await StartAsync(consumer);
        await connection.SendMessageAsync(First, "a");
        NsqMessage message = await HandledAsync();
        Assert.Empty(await connection.ReadUntilQuietAsync());
        Assert.Equal(1, consumer.InFlight);
        Assert.True(message.Finish());
        await connection.ExpectLineAsync($"FIN {First}");
        Assert.Equal(0, consumer.InFlight);
    }

    [Fact]
    public async Task What_failed_too_often_is_given_up()
    {
        List<string> givenUp = [];
        NsqConsumer consumer = Consumer(options => options.MaxAttempts = 2);
        Task starting = consumer.StartAsync(Handle, (message, _) =>
        {
            givenUp.Add(message.Id);
            if (givenUp.Count == 1) throw new InvalidOperationException("the grave is full");
            return ValueTask.CompletedTask;
        });
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await starting;
        await connection.ExpectLineAsync("RDY 10");
        await connection.SendMessageAsync(First, "a", attempts: 2);
        await connection.ExpectLineAsync($"FIN {First}");
        await connection.SendMessageAsync(Second, "b", attempts: 3);
        await connection.ExpectLineAsync($"REQ {Second} 270000");
        await connection.SendMessageAsync(Second, "b", attempts: 4);
        await connection.ExpectLineAsync($"FIN {Second}");
        Assert.Equal([Second, Second], givenUp);
        Assert.Equal(First, (await HandledAsync()).Id);
        Assert.False(_handled.Reader.TryRead(out _));
    }

    [Theory]
    [InlineData("E_FIN_FAILED FIN 0000000000000001 failed ID not in flight")]
    [InlineData("E_REQ_FAILED REQ 0000000000000001 failed ID not in flight")]
    [InlineData("E_TOUCH_FAILED TOUCH 0000000000000001 failed ID not in flight")]
    public async Task An_answer_that_came_too_late_changes_nothing(string error)
    {
        NsqConsumer consumer = Consumer();
        ScriptedConnection connection = await StartAsync(consumer);
        await connection.SendErrorAsync(error);
        await connection.SendMessageAsync(First, "a");
        await connection.ExpectLineAsync($"FIN {First}");
        Assert.Equal(1, consumer.ConnectionCount);
    }

    [Fact]
    public async Task A_refused_subscription_is_tried_again()
    {
        NsqConsumer consumer = Consumer();
        Task starting = consumer.StartAsync(Handle);
        ScriptedConnection connection = await _server.AcceptIdentifiedAsync();
        await connection.ExpectLineAsync("SUB orders mail");
        await connection.SendErrorAsync("E_SUB_FAILED SUB failed consumers for orders:mail exceeds limit of 1");
        await starting;
        Assert.Equal(0, consumer.ConnectionCount);
        _clock.Advance(TimeSpan.FromMilliseconds(250));
        connection = await _server.AcceptSubscribedAsync();
        await connection.ExpectLineAsync("RDY 10");
    }

    [Theory]
    [InlineData("an error")]
    [InlineData("a crash")]
    [InlineData("a leave")]
    [InlineData("silence")]
    [InlineData("noise")]
    public async Task However_a_connection_ends_it_is_made_again(string end)
    {
        NsqConsumer consumer = Consumer();
        ScriptedConnection connection = await StartAsync(consumer);
        switch (end)
        {
            case "an error":
                await connection.SendErrorAsync("E_INVALID RDY count 10 out of range 0-5");
                await connection.DisposeAsync();
                break;
            case "a crash":
                connection.Break();
                break;
            case "a leave":
                await connection.DisposeAsync();
                break;
            case "silence":
                _clock.Advance(TimeSpan.FromSeconds(60));
                break;
            default:
                await connection.SendAsync("who are you?"u8.ToArray());
                break;
        }
        await Eventually.TrueAsync(() => consumer.ConnectionCount == 0);
        connection = await AcceptAgainAsync(consumer);
        await connection.ExpectLineAsync("RDY 10");
        await connection.SendMessageAsync(First, "a");
        await connection.ExpectLineAsync($"FIN {First}");
    }

    [Fact]
    public async Task What_a_lost_connection_left_waiting_is_not_handled()
    {
        TaskCompletionSource gate = new();
        NsqConsumer consumer = Consumer();
        ScriptedConnection connection = await StartAsync(consumer, async (message, cancellation) =>
        {
            await Handle(message, cancellation);
            await gate.Task;
        });
        await connection.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"));
        NsqMessage first = await HandledAsync();
        await Eventually.TrueAsync(() => consumer.InFlight == 2);
        connection.Break();
        await Eventually.TrueAsync(() => consumer.ConnectionCount == 0);
        gate.SetResult();
        connection = await AcceptAgainAsync(consumer);
        await connection.ExpectLineAsync("RDY 10");
        await connection.SendMessageAsync(Third, "c");
        Assert.Equal(Third, (await HandledAsync()).Id);
        await connection.ExpectLineAsync($"FIN {Third}");
        Assert.False(first.Finish());
    }

    [Fact]
    public async Task The_limit_is_shared_by_the_connections_and_given_back()
    {
        await using ScriptedServer other = new();
        NsqConsumer consumer = Consumer(options =>
        {
            options.MaxInFlight = 11;
            options.Addresses.Add(other.Address);
        });
        Task starting = consumer.StartAsync(Handle);
        ScriptedConnection first = await _server.AcceptSubscribedAsync();
        await first.ExpectLineAsync("RDY 11");
        ScriptedConnection second = await other.AcceptSubscribedAsync();
        await starting;
        await first.ExpectLineAsync("RDY 6");
        await second.ExpectLineAsync("RDY 5");
        second.Break();
        await first.ExpectLineAsync("RDY 11");
    }

    [Fact]
    public async Task A_newcomer_waits_for_what_is_in_flight()
    {
        await using ScriptedServer other = new();
        NsqConsumer consumer = Consumer(options =>
        {
            options.MaxInFlight = 2;
            options.AutoRespond = false;
            options.Addresses.Add(other.Address);
        });
        Task starting = consumer.StartAsync(Handle);
        ScriptedConnection first = await _server.AcceptSubscribedAsync();
        await first.ExpectLineAsync("RDY 2");
        await first.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"));
        NsqMessage message = await HandledAsync();
        await HandledAsync();
        ScriptedConnection second = await other.AcceptSubscribedAsync();
        await starting;
        await first.ExpectLineAsync("RDY 1");
        Assert.Empty(await second.ReadUntilQuietAsync());
        message.Finish();
        await second.ExpectLineAsync("RDY 1");
    }

    [Fact]
    public async Task With_more_servers_than_credit_each_has_its_turn()
    {
        await using ScriptedServer other = new();
        NsqConsumer consumer = Consumer(options =>
        {
            options.MaxInFlight = 1;
            options.Addresses.Add(other.Address);
        });
        Task starting = consumer.StartAsync(Handle);
        ScriptedConnection first = await _server.AcceptSubscribedAsync();
        ScriptedConnection second = await other.AcceptSubscribedAsync();
        await starting;
        // Whichever subscribed first.
        ScriptedConnection[] holders = (await first.ReadUntilQuietAsync()).Contains("RDY 1") ? [first, second] : [second, first];
        for (int turn = 0; turn < 4; turn++)
        {
            // Idle for ten seconds: looked at every five.
            _clock.Advance(TimeSpan.FromSeconds(10));
            ScriptedConnection idle = holders[turn % 2];
            ScriptedConnection next = holders[(turn + 1) % 2];
            await ExpectInTimeAsync(idle, "RDY 0");
            await ExpectInTimeAsync(next, "RDY 1");
        }
    }

    [Fact]
    public async Task Stopping_finishes_what_is_in_flight()
    {
        TaskCompletionSource gate = new();
        NsqConsumer consumer = Consumer();
        ScriptedConnection connection = await StartAsync(consumer, async (message, cancellation) =>
        {
            await Handle(message, cancellation);
            await gate.Task;
        });
        await connection.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"));
        await HandledAsync();
        Task stopping = consumer.StopAsync();
        await connection.ExpectLineAsync("CLS");
        // One was on its way.
        await connection.SendAsync(ScriptedConnection.Message(Third, "c"), ScriptedConnection.Frame(0, "CLOSE_WAIT"u8));
        Assert.Empty(await connection.ReadUntilQuietAsync());
        Assert.False(stopping.IsCompleted);
        gate.SetResult();
        for (int i = 1; i <= 3; i++) await connection.ExpectLineAsync($"FIN {i:d16}");
        Task<string> rest = connection.ReadToEndAsync();
        await PassUntilAsync(rest);
        Assert.Equal("", await rest);
        await connection.DisposeAsync();
        await stopping;
        await Assert.ThrowsAsync<ObjectDisposedException>(() => consumer.StartAsync(Handle));
    }

    [Fact]
    public async Task Stopping_waits_for_what_is_still_on_its_way()
    {
        NsqConsumer consumer = Consumer();
        ScriptedConnection connection = await StartAsync(consumer);
        Task stopping = consumer.StopAsync();
        await connection.ExpectLineAsync("CLS");
        await connection.SendResponseAsync("CLOSE_WAIT");
        Assert.Empty(await connection.ReadUntilQuietAsync());
        await connection.SendMessageAsync(First, "a");
        await connection.ExpectLineAsync($"FIN {First}");
        Task<string> rest = connection.ReadToEndAsync();
        await PassUntilAsync(rest);
        Assert.Equal("", await rest);
        await connection.DisposeAsync();
        await stopping;
    }

    [Fact]
    public async Task Stopping_that_lasts_too_long_gives_messages_back()
    {
        NsqConsumer consumer = Consumer();
        ScriptedConnection connection = await StartAsync(consumer, async (message, cancellation) =>
        {
            await Handle(message, cancellation);
            await Task.Delay(Timeout.Infinite, cancellation);
        });
        await connection.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"));
        await HandledAsync();
        Task stopping = consumer.StopAsync();
        await connection.ExpectLineAsync("CLS");
        await connection.SendResponseAsync("CLOSE_WAIT");
        Assert.Empty(await connection.ReadUntilQuietAsync());
        TimeSpan began = _clock.Elapsed;
        Task<string> back = connection.ReadLineAsync();
        await Eventually.TrueAsync(() =>
        {
            if (!back.IsCompleted) _clock.Advance(TimeSpan.FromSeconds(1));
            return back.IsCompleted;
        });
        Assert.True(_clock.Elapsed - began >= TimeSpan.FromSeconds(30));
        string[] said = [await back, await connection.ReadLineAsync()];
        Assert.Equal([$"REQ {First} 0", $"REQ {Second} 0"], said.Order());
        Task<string> rest = connection.ReadToEndAsync();
        await PassUntilAsync(rest);
        Assert.Equal("", await rest);
        await connection.DisposeAsync();
        await stopping;
    }

    [Fact]
    public async Task A_loop_finishes_a_message_by_asking_for_the_next()
    {
        NsqConsumer consumer = Consumer();
        List<string> read = [];
        TaskCompletionSource second = new();
        Task loop = Task.Run(async () =>
        {
            await foreach (NsqMessage message in consumer.ReadAllAsync())
            {
                read.Add(message.Id);
                if (read.Count == 2) await second.Task;
                if (read.Count == 3) break;
            }
        });
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await connection.ExpectLineAsync("RDY 10");
        await connection.SendAsync(ScriptedConnection.Message(First, "a"), ScriptedConnection.Message(Second, "b"), ScriptedConnection.Message(Third, "c"));
        await connection.ExpectLineAsync($"FIN {First}");
        Assert.Empty(await connection.ReadUntilQuietAsync());
        second.SetResult();
        await connection.ExpectLineAsync($"FIN {Second}");
        await connection.ExpectLineAsync($"REQ {Third} 0");
        await loop;
        Assert.Equal([First, Second, Third], read);
    }

    [Fact]
    public async Task A_loop_ends_when_the_consumer_stops()
    {
        NsqConsumer consumer = Consumer();
        Task loop = Task.Run(async () =>
        {
            await foreach (NsqMessage message in consumer.ReadAllAsync()) await Handle(message, default);
        });
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await connection.ExpectLineAsync("RDY 10");
        await connection.SendMessageAsync(First, "a");
        await connection.ExpectLineAsync($"FIN {First}");
        Task stopping = consumer.StopAsync();
        await connection.ExpectLineAsync("CLS");
        await connection.SendResponseAsync("CLOSE_WAIT");
        Task<string> rest = connection.ReadToEndAsync();
        await PassUntilAsync(rest);
        Assert.Equal("", await rest);
        await connection.DisposeAsync();
        await stopping;
        await loop;
    }

    [Fact]
    public async Task Cancelling_a_loop_ends_it()
    {
        NsqConsumer consumer = Consumer();
        using CancellationTokenSource cancellation = new();
        Task loop = Task.Run(async () =>
        {
            await foreach (NsqMessage message in consumer.ReadAllAsync(cancellation.Token)) await Handle(message, default);
        });
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await connection.ExpectLineAsync("RDY 10");
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loop);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lookup_services_are_asked_for_servers(bool wrapped)
    {
        using ScriptedLookup lookup = new();
        await using ScriptedServer late = new();
        lookup.Tell(_server.Port);
        if (wrapped)
            lookup.Answer("200 OK", $$$"""{"status_code":200,"status_txt":"OK","data":{"channels":[],"producers":[{"broadcast_address":"127.0.0.1","tcp_port":{{{_server.Port}}}}]}}""");
        NsqConsumer consumer = Consumer(options =>
        {
            options.Addresses.Clear();
            options.LookupAddresses.Add(lookup.Address);
            options.LookupTimeout = RealTimeMatters;
            options.AuthSecret = "swordfish";
        });
        Task starting = consumer.StartAsync(Handle);
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await starting;
        await connection.ExpectLineAsync("RDY 10");
        string request = await lookup.Requests.ReadAsync();
        Assert.StartsWith("GET /lookup?topic=orders HTTP/1.1", request);
        Assert.DoesNotContain("swordfish", request);

        // First after the random wait, then at the interval.
        lookup.Tell(_server.Port, late.Port);
        _clock.Advance(TimeSpan.FromSeconds(18));
        ScriptedConnection second = await late.AcceptSubscribedAsync();
        await second.ExpectLineAsync("RDY 5");
        await connection.ExpectLineAsync("RDY 5");
    }

    [Fact]
    public async Task A_lost_server_has_the_lookup_services_asked_at_once()
    {
        using ScriptedLookup lookup = new();
        await using ScriptedServer moved = new();
        lookup.Tell(_server.Port);
        NsqConsumer consumer = Consumer(options =>
        {
            options.Addresses.Clear();
            options.LookupAddresses.Add(lookup.Address);
            options.LookupTimeout = RealTimeMatters;
            options.LookupJitter = 0;
        });
        Task starting = consumer.StartAsync(Handle);
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await starting;
        lookup.Tell(moved.Port);
        await lookup.Requests.ReadAsync();
        connection.Break();
        await Eventually.TrueAsync(() => consumer.ConnectionCount == 0);
        Task<ScriptedConnection> found = moved.AcceptSubscribedAsync();
        await Eventually.TrueAsync(() =>
        {
            if (!found.IsCompleted) _clock.Advance(TimeSpan.FromMilliseconds(25));
            return found.IsCompleted;
        });
        Assert.True(_clock.Elapsed < TimeSpan.FromSeconds(60));
        await (await found).ExpectLineAsync("RDY 10");
    }

    [Theory]
    [InlineData("404 Not Found", """{"message":"TOPIC_NOT_FOUND"}""")]
    [InlineData("500 Internal Server Error", "")]
    [InlineData("200 OK", "{")]
    public async Task A_lookup_service_that_does_not_know_is_asked_again(string status, string json)
    {
        using ScriptedLookup lookup = new();
        lookup.Answer(status, json);
        NsqConsumer consumer = Consumer(options =>
        {
            options.Addresses.Clear();
            options.LookupAddresses.Add($"http://{lookup.Address}/lookup?tenant=7");
            options.LookupTimeout = RealTimeMatters;
            options.ConnectTimeout = RealTimeMatters;
            options.LookupJitter = 0;
        });
        await consumer.StartAsync(Handle);
        Assert.StartsWith("GET /lookup?tenant=7&topic=orders ", await lookup.Requests.ReadAsync());
        lookup.Tell(_server.Port);
        Task<ScriptedConnection> found = _server.AcceptSubscribedAsync();
        await Eventually.TrueAsync(() =>
        {
            if (!found.IsCompleted) _clock.Advance(TimeSpan.FromSeconds(1));
            return found.IsCompleted;
        });
        await found;
    }

    [Theory]
    [InlineData("Topic", "is no valid name")]
    [InlineData("Channel", "is no valid name")]
    [InlineData("Addresses", "are both empty")]
    [InlineData("MaxInFlight", "must be positive")]
    [InlineData("ReadTimeout", "must be at least the heartbeat interval")]
    public void A_wrong_option_is_named(string option, string rule)
    {
        ArgumentException failure = Assert.Throws<ArgumentException>(() => Consumer(options =>
        {
            if (option == "Topic") options.Topic = "no topic";
            if (option == "Channel") options.Channel = "";
            if (option == "Addresses") options.Addresses.Clear();
            if (option == "MaxInFlight") options.MaxInFlight = 0;
            if (option == "ReadTimeout") options.HeartbeatInterval = TimeSpan.FromMinutes(2);
        }));
        Assert.StartsWith($"option {option} ", failure.Message);
        Assert.Contains(rule, failure.Message);
    }

    [Fact]
    public async Task It_can_be_started_only_once()
    {
        NsqConsumer consumer = Consumer();
        await StartAsync(consumer);
        await Assert.ThrowsAsync<InvalidOperationException>(() => consumer.StartAsync(Handle));
    }

    private static async Task ExpectInTimeAsync(ScriptedConnection connection, string line) =>
        Assert.Equal([line], await connection.ReadUntilQuietAsync());

    private ValueTask Handle(NsqMessage message, CancellationToken cancellation) => _handled.Writer.WriteAsync(message, cancellation);

    private async Task<NsqMessage> HandledAsync() => await _handled.Reader.ReadAsync().AsTask().WaitAsync(NsqSocket.Patience);

    private NsqConsumer Consumer(Action<NsqConsumerOptions>? configure = null, ILogger<NsqConsumer>? logger = null)
    {
        NsqConsumerOptions options = new() { Topic = "orders", Channel = "mail", Addresses = { _server.Address } };
        configure?.Invoke(options);
        return _consumer = new NsqConsumer(options, logger, _clock);
    }

    /// <summary>Starts it and takes its connection, up to its RDY.</summary>
    private async Task<ScriptedConnection> StartAsync(NsqConsumer consumer, Func<NsqMessage, CancellationToken, ValueTask>? handler = null)
    {
        Task starting = consumer.StartAsync(handler ?? Handle);
        ScriptedConnection connection = await _server.AcceptSubscribedAsync();
        await starting;
        await connection.ExpectLineAsync("RDY 10");
        return connection;
    }

    /// <summary>Lets virtual time pass, slowly enough for what takes real time.</summary>
    private Task PassUntilAsync(Task awaited) => Eventually.TrueAsync(() =>
    {
        if (!awaited.IsCompleted) _clock.Advance(TimeSpan.FromMilliseconds(25));
        return awaited.IsCompleted;
    });

    /// <summary>Lets virtual time pass until it connects again.</summary>
    private async Task<ScriptedConnection> AcceptAgainAsync(NsqConsumer consumer)
    {
        Task<ScriptedConnection> accepted = _server.AcceptSubscribedAsync();
        await Eventually.TrueAsync(() =>
        {
            if (!accepted.IsCompleted && !_server.IsWanted && consumer.ConnectionCount == 0) _clock.Advance(TimeSpan.FromMilliseconds(25));
            return accepted.IsCompleted;
        });
        return await accepted;
    }

    private sealed class LineLogger(ConcurrentQueue<string> lines) : ILogger<NsqConsumer>
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue(formatter(state, exception));
    }
}
