using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Announcing;
using Broker.Gateway.Cluster;
using Broker.Policies;
using Broker.Serving.Hosting;
using Broker.Tests.Gateway;
using Broker.Tests.Simulation;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Broker.Tests.Lookup;

/// <summary>
/// What announces a broker, by a clock that stands still: signs of life, and lookup services behind a name. Every host of
/// 127.0.0.0/8 is this one, so one port can be several services.
/// </summary>
public sealed class AnnouncerTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PingPeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(1);

    private readonly FakeResolver _resolver = new();
    private readonly VirtualTimeProvider _clock = new();
    private readonly FakeDirectory _directory = new();
    private readonly List<TcpListener> _listeners = [];
    private readonly BrokerTopology _topology;
    private readonly LookupAnnouncer _announcer;
    private readonly int _port;

    public AnnouncerTests()
    {
        _port = ((IPEndPoint)Listen("127.0.0.1", 0).LocalEndpoint).Port;
        GatewayOptions options = new() { BroadcastTcpPort = 1, BroadcastHttpPort = 2, LookupdTcpAddresses = [$"lookup.example:{_port}"] };
        _topology = new BrokerTopology(_directory, _directory.Events, _clock, NullLogger<BrokerTopology>.Instance);
        _announcer = new LookupAnnouncer(
            _topology,
            new BrokerIdentity(Options.Create(options), new BoundAddresses()),
            _resolver,
            Options.Create(options),
            _clock,
            NullLogger<LookupAnnouncer>.Instance);
    }

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _announcer.StopAsync(CancellationToken.None);
        await _topology.StopAsync(CancellationToken.None);
        foreach (TcpListener listener in _listeners) listener.Dispose();
    }

    [Fact]
    public async Task A_sign_of_life_comes_every_15_seconds_whatever_else_is_told()
    {
        _resolver.Set("lookup.example", "127.0.0.1");
        await StartAsync();
        using ScriptedConversation node = await AcceptAsync(_listeners[0]);
        for (int i = 0; i < 3; i++)
        {
            await PassAsync(TimeSpan.FromSeconds(14.9));
            await _directory.SetTopicAsync($"t{i}", []);
            await node.ExpectAsync($"REGISTER t{i}");
            await PassAsync(TimeSpan.FromSeconds(0.1));
            await node.ExpectAsync("PING");
        }
    }

    [Fact]
    public async Task A_service_that_does_not_answer_within_a_second_is_left_and_tried_again()
    {
        _resolver.Set("lookup.example", "127.0.0.1");
        await StartAsync();
        using ScriptedConversation node = await AcceptAsync(_listeners[0]);
        await PassAsync(PingPeriod);
        Assert.Equal("PING", await node.ReadLineAsync());
        Task left = node.DrainAsync();
        while (!left.IsCompleted)
        {
            // The limit of the answer, and not the pause that comes after it.
            if (_clock.UntilNextTimer is { } next && next <= Limit && next > Limit * 0.6) _clock.Advance(Limit);
            await Task.Yield();
        }
        await left;
        Task<ScriptedConversation> again = AcceptAsync(_listeners[0]);
        await LetPauseEndAsync(again);
        (await again).Dispose();
    }

    [Fact]
    public async Task A_name_with_several_addresses_means_all_of_them()
    {
        TcpListener second = Listen("127.0.0.2", _port);
        TcpListener third = Listen("127.0.0.3", _port);
        _resolver.Set("lookup.example", "127.0.0.1", "127.0.0.2");
        await StartAsync();
        using ScriptedConversation one = await AcceptAsync(_listeners[0]);
        using ScriptedConversation two = await AcceptAsync(second);

        // One that is added is found within a minute, one that is taken away is left.
        _resolver.Set("lookup.example", "127.0.0.1", "127.0.0.3");
        for (int i = 0; i < 3; i++)
        {
            await PassAsync(PingPeriod);
            await one.ExpectAsync("PING");
            await two.ExpectAsync("PING");
        }
        await PassAsync(PingPeriod);
        using ScriptedConversation three = await AcceptAsync(third);
        await two.DrainAsync();
    }

    [Fact]
    public async Task A_name_is_resolved_again_before_every_new_connection()
    {
        TcpListener second = Listen("127.0.0.2", _port);
        _resolver.Set("lookup.example", "127.0.0.1");
        await StartAsync();
        ScriptedConversation first = await AcceptAsync(_listeners[0]);
        int before = _resolver.Questions;
        _resolver.Set("lookup.example", "127.0.0.2");
        first.Dispose();
        Task<ScriptedConversation> moved = AcceptAsync(second);
        await LetPauseEndAsync(moved);
        (await moved).Dispose();
        Assert.True(_resolver.Questions > before);
    }

    [Fact]
    public async Task A_name_that_cannot_be_resolved_for_a_while_still_means_what_it_meant()
    {
        _resolver.Set("lookup.example", "127.0.0.1");
        await StartAsync();
        ScriptedConversation first = await AcceptAsync(_listeners[0]);
        _resolver.Set("lookup.example");
        first.Dispose();
        Task<ScriptedConversation> again = AcceptAsync(_listeners[0]);
        await LetPauseEndAsync(again);
        (await again).Dispose();
    }

    [Fact]
    public async Task A_name_that_becomes_known_later_is_found_soon()
    {
        await StartAsync();
        // The next question is asked when the pause is over, and the pause begins after the answer.
        await Eventually.TrueAsync(() => _resolver.Questions == 1 && _clock.UntilNextTimer <= Limit);
        _clock.Advance(_clock.UntilNextTimer!.Value);
        await Eventually.TrueAsync(() => _resolver.Questions == 2 && _clock.UntilNextTimer <= Limit);
        _resolver.Set("lookup.example", "127.0.0.1");
        _clock.Advance(_clock.UntilNextTimer!.Value);
        using ScriptedConversation node = await AcceptAsync(_listeners[0]);
    }

    [Fact]
    public async Task What_was_not_told_is_found_at_the_next_listing()
    {
        _resolver.Set("lookup.example", "127.0.0.1");
        await StartAsync();
        using ScriptedConversation node = await AcceptAsync(_listeners[0]);

        _directory.Tells = false;
        await _directory.SetTopicAsync("silent", ["c"]);
        await _directory.RemoveTopicAsync("here");
        for (int i = 0; i < 3; i++)
        {
            await PassAsync(PingPeriod);
            await node.ExpectAsync("PING");
        }
        await PassAsync(BrokerTopology.ListingPeriod - 3 * PingPeriod);
        List<string> told = [];
        while (told.Count < 2)
        {
            string line = await node.ReadLineAsync();
            await node.ReplyAsync("OK");
            if (line != "PING") told.Add(line);
        }

        Assert.Equal(["REGISTER silent c", "UNREGISTER here"], told.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_withdrawn_is_announced_no_more_until_it_is_restored()
    {
        _resolver.Set("lookup.example", "127.0.0.1");
        await StartAsync();
        using ScriptedConversation node = await AcceptAsync(_listeners[0]);
        await _directory.SetTopicAsync("t", ["c"]);
        await node.ExpectAsync("REGISTER t c");

        _announcer.Withdraw("t");
        await node.ExpectAsync("UNREGISTER t c");
        await node.ExpectAsync("UNREGISTER t");
        await _directory.SetTopicAsync("t", ["c", "d"]);
        await _directory.SetTopicAsync("other", []);
        await node.ExpectAsync("REGISTER other");

        _announcer.Restore("t");
        await node.ExpectAsync("REGISTER t c");
        await node.ExpectAsync("REGISTER t d");
    }

    [Fact]
    public async Task A_directory_that_does_not_answer_is_asked_again()
    {
        _directory.Failure = new TimeoutException();
        await _directory.SetTopicAsync("here", []);
        await _topology.StartedAsync(CancellationToken.None);
        await Eventually.TrueAsync(() => _clock.UntilNextTimer <= Limit);
        _directory.Failure = null;
        _clock.Advance(Limit);
        await Eventually.TrueAsync(() => _topology.FindChannels("here") is not null);
    }

    // There is a topic from the beginning: a node that has announced it also has set its clock for the signs of life.
    private async Task StartAsync()
    {
        await _directory.SetTopicAsync("here", []);
        await _announcer.StartedAsync(CancellationToken.None);
        await _topology.StartedAsync(CancellationToken.None);
    }

    // Not while a command is under way: it would be taken for one that is not answered.
    private async Task PassAsync(TimeSpan time)
    {
        await Eventually.TrueAsync(() => _clock.UntilNextTimer is not { } next || next > Limit || next == time);
        _clock.Advance(time);
    }

    private TcpListener Listen(string address, int port)
    {
        TcpListener listener = new(IPAddress.Parse(address), port);
        listener.Start();
        _listeners.Add(listener);
        return listener;
    }

    // The pause before a new attempt begins somewhere after the connection's end was noticed: the clock goes on until it is over.
    private async Task LetPauseEndAsync(Task awaited)
    {
        for (long start = TimeProvider.System.GetTimestamp(); !awaited.IsCompleted && TimeProvider.System.GetElapsedTime(start) < Patience;)
        {
            if (_clock.UntilNextTimer is { } next && next < Limit * 0.6) _clock.Advance(next);
            await Task.Yield();
        }
    }

    private static async Task<ScriptedConversation> AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            ScriptedConversation node = new(await listener.AcceptTcpClientAsync().WaitAsync(Patience));
            try
            {
                Assert.Equal("  V1", await node.ReadAsync(4));
                await node.ReadIdentifyAsync();
                await node.ReplyAsync("""{"broadcast_address":"127.0.0.1","hostname":"s","http_port":1,"tcp_port":2,"version":"1.3.0"}""");
                await node.ExpectAsync("REGISTER here");
                return node;
            }
            catch (IOException)
            {
                // The clock went on within its attempt to connect; it tries again.
                node.Dispose();
            }
        }
    }
}
