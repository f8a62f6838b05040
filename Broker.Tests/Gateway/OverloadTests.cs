using Broker.Channels;
using Broker.Gateway.Publishing;
using Broker.Messages;
using Broker.Tests.Simulation;
using Broker.Topics;
using static Broker.Tests.Gateway.NsqSocket;

namespace Broker.Tests.Gateway;

/// <summary>
/// Topics and channels that are slower than the response timeout: they are not asked ever more, and what was asked goes through soon after they are
/// fast again.
/// </summary>
public sealed class OverloadTests
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly VirtualTimeProvider _clock = new();
    private readonly SlowGrain _slow;

    public OverloadTests() => _slow = new SlowGrain(_clock, ResponseTimeout);

    [Fact]
    public async Task A_slow_channel_gets_few_calls_and_answers_soon_after_it_is_fast_again()
    {
        await using RunningGateway server = await StartAsync();
        FakeChannel channel = await SlowChannelAsync(server);
        using NsqSocket client = await SubscribeAsync(server);
        await AskForRefusalAsync(client, channel);
        await _slow.PassAsync(Minute);
        int calls = _slow.Calls;

        _slow.Takes = TimeSpan.Zero;
        TimeSpan fast = _clock.Elapsed;
        Task refused = ExpectRefusalAsync(client, channel);
        await _slow.PassAsync(Minute, until: () => refused.IsCompleted);
        await refused;
        Assert.InRange(calls, 8, 16);
        // With the least pauses: one each 1.5 + 3.75 s, over the 20 s that a call takes.
        Assert.InRange(_slow.MostAtWork, 2, 6);
        Assert.InRange(_clock.Elapsed - fast, TimeSpan.Zero, TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_silo_that_has_gone_ends_the_pause()
    {
        await using RunningGateway server = await StartAsync();
        FakeChannel channel = await SlowChannelAsync(server);
        using NsqSocket client = await SubscribeAsync(server);
        await AskForRefusalAsync(client, channel);
        await _slow.PassAsync(Minute);
        _slow.Takes = TimeSpan.Zero;
        // Whether a call is open or a pause is: no further pause comes.
        server.Gateway.KnockAtChannels();
        TimeSpan fast = _clock.Elapsed;
        Task refused = ExpectRefusalAsync(client, channel);
        await _slow.PassAsync(Minute, until: () => refused.IsCompleted);
        await refused;
        Assert.InRange(_clock.Elapsed - fast, TimeSpan.Zero, ResponseTimeout + TimeSpan.FromSeconds(0.5));
    }

    [Fact]
    public async Task A_slow_channel_is_joined_with_few_calls()
    {
        await using RunningGateway server = await StartAsync();
        FakeChannel channel = server.Grains.Channel("t", "c");
        channel.OnAttach = request => new ValueTask<AttachReply>(_slow.CallAsync(() => channel.Attach(request)));
        await JoinWithFewCallsAsync(server);
    }

    [Fact]
    public async Task A_slow_topic_is_asked_for_a_channel_with_few_calls()
    {
        await using RunningGateway server = await StartAsync();
        FakeTopic topic = server.Grains.Topic("t");
        topic.OnCreateChannel = make => new ValueTask<ChannelReply>(_slow.CallAsync(make));
        await JoinWithFewCallsAsync(server);
    }

    [Fact]
    public async Task A_slow_topic_is_asked_about_once_for_each_publish()
    {
        await using RunningGateway server = await StartAsync();
        FakeTopic topic = server.Grains.Topic("t");
        _slow.Takes = Slow;
        topic.OnPublish = request => new ValueTask<TopicReply>(_slow.CallAsync(() => topic.Append(request)));
        TopicPublisher publisher = server.Gateway.FindPublisher("t"u8);
        int publishes = 0;
        bool isOver = false;
        Task publishing = PublishUntilAnsweredAsync();
        await _slow.PassAsync(Minute);
        (int Publishes, int Calls) slow = (publishes, _slow.Calls);

        _slow.Takes = TimeSpan.Zero;
        TimeSpan fast = _clock.Elapsed;
        await _slow.PassAsync(Minute, until: () => isOver);
        await publishing;
        // The first ones are asked again beside the call that is open: they may have got lost singly.
        Assert.InRange(slow.Publishes, 8, 14);
        Assert.InRange(slow.Calls, slow.Publishes, slow.Publishes + 8);
        Assert.InRange(_clock.Elapsed - fast, TimeSpan.Zero, TimeSpan.FromSeconds(6));

        async Task PublishUntilAnsweredAsync()
        {
            PublishCall call;
            do
            {
                publishes++;
                call = publisher.AddBatch(MessageBatch.Create(1, ["x"u8.ToArray()]));
                publisher.Start();
                await call.WaitAsync();
            }
            while (call.Cause is not null);
            isOver = true;
        }
    }

    private Task<RunningGateway> StartAsync() => RunningGateway.StartAsync(_clock, options =>
    {
        options.PublishDeadline = Minute;
        options.MaxHeartbeatInterval = TimeSpan.FromMinutes(10);
    });

    // What a SUB asks for is slow for half a minute, and then fast.
    private async Task JoinWithFewCallsAsync(RunningGateway server)
    {
        _slow.Takes = Slow;
        using NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("SUB t c\n");
        await Eventually.TrueAsync(() => _slow.Calls == 1);
        await _slow.PassAsync(Minute / 2);
        int calls = _slow.Calls;

        _slow.Takes = TimeSpan.Zero;
        Task joined = client.ExpectAsync("OK");
        await _slow.PassAsync(Minute, until: () => joined.IsCompleted);
        await joined;
        Assert.InRange(calls, 4, 10);
        Assert.InRange(_slow.MostAtWork, 2, 7);
    }

    private async Task<FakeChannel> SlowChannelAsync(RunningGateway server)
    {
        FakeChannel channel = server.Grains.Channel("t", "c");
        channel.OnExecute = commands => new ValueTask<CommandReply>(_slow.CallAsync(() => channel.Execute(commands)));
        await server.Grains.Topic("t").CreateChannelAsync("c");
        return channel;
    }

    // A FIN that fails is answered, but only by the channel.
    private async Task AskForRefusalAsync(NsqSocket client, FakeChannel channel)
    {
        _slow.Takes = Slow;
        int before = _slow.Calls;
        await client.SendAsync($"FIN {IdOf(channel)}\n");
        await Eventually.TrueAsync(() => _slow.Calls == before + 1);
    }

    private static Task ExpectRefusalAsync(NsqSocket client, FakeChannel channel) =>
        client.ExpectErrorAsync($"E_FIN_FAILED FIN {IdOf(channel)} failed ID not in flight");

    private static string IdOf(FakeChannel channel) => $"{MessageId.Of(channel.IdPrefix, 7):x16}";

    private async Task<NsqSocket> SubscribeAsync(RunningGateway server)
    {
        NsqSocket client = await ConnectAsync(server);
        await client.SendAsync("SUB t c\nRDY 1\n");
        await client.ExpectAsync("OK");
        await Eventually.TrueAsync(() => server.Grains.Channel("t", "c").Executed.Count == 1);
        return client;
    }

    private static async Task<NsqSocket> ConnectAsync(RunningGateway server)
    {
        NsqSocket client = await server.ConnectAsync();
        await client.SendAsync("IDENTIFY\n" + Sized("{\"heartbeat_interval\":600000}"));
        await client.ExpectAsync("OK");
        return client;
    }
}
