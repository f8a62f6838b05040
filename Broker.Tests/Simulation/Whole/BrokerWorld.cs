using Broker.Channels;
using Broker.Gateways;
using Broker.Grains;
using Broker.Grains.Channels;
using Broker.Grains.Topics;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Tests.Simulation.Silos;
using Broker.Tests.Simulation.Whole.Mutations;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Whole;

/// <summary>
/// The whole broker above the sockets on one thread under virtual time: grains, storage, and gateways that publish and consume at random
/// while grains are killed, gateways vanish and the process crashes, all from one seed.
/// </summary>
internal sealed class BrokerWorld
{
    private static readonly string[] Topics = ["orders", "events"];
    private static readonly string[] Channels = ["billing", "audit"];

    // What a second activation has sent is on its way, or it is still ending, for so long after it was found.
    private static readonly TimeSpan AfterMath = TimeSpan.FromSeconds(1);

    // A late call comes after six response timeouts at most, and takes a pause with it.
    private static readonly TimeSpan LateCallsWithin = TimeSpan.FromSeconds(35);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    // Longer than any timeout, deferral or late call of the simulation.
    private static readonly TimeSpan DrainedWithin = TimeSpan.FromMinutes(5);

    private readonly int _seed;
    private readonly Random _random;
    private readonly ISimulatedStore _store;
    private readonly List<SimulatedGateway> _gateways = [];
    private readonly QueueOptions _options;
    private readonly List<string> _events = [];
    private readonly int _silos;
    private readonly bool _hasFaultyNetwork;
    private readonly Mutation _mutation;
    private readonly HashSet<(string Topic, string Channel)> _pausing = [];

    // What is done to dead letters is drawn apart, so that the lives of worlds without policies stay what they were.
    private readonly Random? _deaths;
    private IMessageStore? _opened;
    private int _numbers;
    private long _lastCrash;
    private long _unsyncedSince;

    /// <param name="seed">What everything follows from.</param>
    /// <param name="store">Where messages are; all silos share it.</param>
    /// <param name="silos">How many silos there are. With more than one, silos die singly, and the directory is wrong for a while.</param>
    /// <param name="serializes">Whether calls go through Orleans' serialiser.</param>
    /// <param name="mutation">What the product does wrongly.</param>
    /// <param name="hasFaultyNetwork">Whether calls get lost, come late or twice, and processes do not reach each other; else only notices get lost.</param>
    public BrokerWorld(
        int seed, ISimulatedStore store, int silos = 1, bool serializes = false, bool hasFaultyNetwork = false, Mutation mutation = Mutation.None)
    {
        _seed = seed;
        _silos = silos;
        _random = new Random(seed);
        _hasFaultyNetwork = hasFaultyNetwork;
        _mutation = mutation;
        _deaths = mutation == Mutation.None && seed % 2 == 0 ? new Random(seed) : null;
        _store = store;
        Scheduler = new SeededScheduler(seed, Time);
        _options = new QueueOptions
        {
            NodeId = seed & 1023,
            MemQueueSize = _random.Next(3) switch { 0 => 0, 1 => 20, _ => 10_000 },
            HandOverWait = TimeSpan.FromSeconds(2),
            StragglerAge = TimeSpan.FromSeconds(_random.Next(5, 60)),
        };
        Log = new SimulatedLog(Time);
        Cluster = new SimulatedCluster(seed, Scheduler, Time, new SimulatedClusterOptions
        {
            GrainAssemblies = [typeof(TopicGrain).Assembly],
            ResponseTimeout = TimeSpan.FromSeconds(5),
            CollectionAge = TimeSpan.FromDays(3650),
            Serializes = serializes,
            Instead = mutation == Mutation.None ? null : new MutantCalls(mutation, new Random(seed)).RunAsync,
        });
        Cluster.Network.Faults = hasFaultyNetwork ? NetworkFaults.Draw(_random) : new NetworkFaults { LosesNotices = 25 };
        Cluster.Network.Failed += duration => _ = Scheduler.Start(() => DisturbAsync(duration + AfterMath));
    }

    public VirtualTimeProvider Time { get; } = new();

    public SeededScheduler Scheduler { get; }

    public Oracle Oracle { get; } = new();

    /// <summary>What grains logged.</summary>
    public SimulatedLog Log { get; }

    public SimulatedCluster Cluster { get; }

    /// <summary>Grains that were in the cluster twice.</summary>
    public int Duplicates => Cluster.Directory.Duplicates;

    /// <summary>Publishes of a silo's own gateway that needed no call.</summary>
    public int PublishedBeside { get; private set; }

    /// <summary>Whether the faults are over: consumers finish everything that they get.</summary>
    public bool Draining { get; private set; }

    public long Now => Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>What simulated clients found wrong.</summary>
    public List<Exception> Failures { get; } = [];

    /// <summary>The topics of a silo, for its own gateway.</summary>
    public IHostedTopics Watch(HostedTopics hosted) => new WatchedLanes(hosted, () => PublishedBeside++, _mutation == Mutation.NoteForgotten);

    /// <summary>Keeps what a task that nobody waits for ends with, when it fails.</summary>
    public void Watch(Task task) => task.ContinueWith(
        failed => Failures.Add(failed.Exception!.InnerException!),
        default,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);

    /// <summary>Runs a random life of the broker, and asserts that nothing acknowledged was lost.</summary>
    public void Live(TimeSpan duration, bool crashes)
    {
        Scheduler.Run(BootAsync);
        Scheduler.Run(() => StartGatewaysAsync(2));
        if (_deaths is not null)
            Scheduler.Run(LimitAttemptsAsync);
        TimeSpan end = Time.Elapsed + duration;
        while (Time.Elapsed < end)
        {
            Scheduler.RunFor(TimeSpan.FromMilliseconds(_random.Next(1, 3_000)));
            AssertNothingFailed();
            if (_deaths?.Next(3) == 0)
                _ = Scheduler.Start(() => RedriveAsync(_deaths));
            Disturb(crashes);
        }

        Draining = true;
        _store.Heal();
        Cluster.Network.Faults = NetworkFaults.None;
        Cluster.Network.MendAll();
        // A pause that was carried out late may have come after the channel was told to go on.
        if (_hasFaultyNetwork)
            Scheduler.RunFor(LateCallsWithin);
        Scheduler.Run(ResumeAllAsync);
        // The consumers that were there all the time go on: one that is stuck shows by what stays.
        Scheduler.Run(SubscribeWhereNobodyIsAsync);
        TimeSpan limit = Time.Elapsed + DrainedWithin;
        while (Time.Elapsed < limit && (Oracle.IsAnyMissing || !Scheduler.Run(IsEmptyAsync)))
        {
            // Consumers finish all now: what died once is all that is left to bring back.
            if (_deaths is not null)
                Scheduler.Run(RedriveAllAsync);
            Scheduler.RunFor(TimeSpan.FromSeconds(5));
        }
        AssertNothingFailed();
        List<string> missing = Oracle.Missing();
        Assert.True(missing.Count == 0, $"{missing.Count} acknowledged messages were never delivered: {string.Join("; ", missing.Take(10))}\n"
            + $"{Scheduler.Run(DescribeAsync)}\n{string.Join('\n', _events)}\n{string.Join('\n', Log.Lines)}");
        Assert.True(
            Scheduler.Run(IsEmptyAsync),
            $"the books do not balance at rest: {Scheduler.Run(DescribeAsync)}\n{string.Join('\n', _events)}\n{string.Join('\n', Log.Lines)}");
        foreach (ChannelStats channel in Scheduler.Run(StatsAsync).SelectMany(stats => stats.Channels))
        {
            Assert.True(
                channel.StartedWith + channel.MessageCount == channel.Finished + channel.Discarded,
                $"{channel.Channel}: started with {channel.StartedWith}, published {channel.MessageCount}, finished {channel.Finished}, discarded {channel.Discarded}, died {string.Join(' ', channel.DiedByCause)}");
        }
    }

    private IGrainFactory Grains => Cluster.Silos[0].Grains;

    private void AssertNothingFailed()
    {
        if (Cluster.ObserverFailures.Concat(Failures).FirstOrDefault() is { } failure)
            throw new InvalidOperationException($"{failure.Message}\n{string.Join('\n', _events)}\n{string.Join('\n', Log.Lines)}", failure);
    }

    private async Task BootAsync()
    {
        _opened = await _store.OpenAsync(Scheduler, Time);
        if (_mutation is Mutation.TrimmedEarly or Mutation.FenceForgotten)
            _opened = MutantStore.Of(_opened, _mutation);
        for (int i = 0; i < _silos; i++)
            AddSilo();
    }

    private void AddSilo() => Cluster.AddSilo(new ServiceCollection()
        .AddSingleton<TimeProvider>(Time)
        .AddSingleton(_options)
        .AddSingleton(new TopicStores(_opened!, new MemoryMessageStore()))
        .AddSingleton(new ChannelSeed(_seed))
        .AddSingleton<HostedTopics>()
        .AddSingleton<LocalGateways>()
        .AddSingleton<ILogger<TopicGrain>>(Log)
        .AddSingleton<ILogger<ChannelGrain>>(Log)
        .AddSingleton<ILogger<DirectoryGrain>>(Log)
        .BuildServiceProvider());

    private async Task StartGatewaysAsync(int count)
    {
        for (int i = 0; i < count; i++)
        {
            SimulatedSilo? silo = _random.Next(2) == 0 ? null : Cluster.Silos[_numbers % Cluster.Silos.Count];
            SimulatedGateway gateway = new(this, silo, _numbers, unchecked(_seed * 1_000_003 + _numbers));
            _numbers++;
            _gateways.Add(gateway);
            List<Task> subscriptions = [];
            foreach (string topic in Topics)
            {
                foreach (string channel in Channels)
                {
                    if (_random.Next(4) == 0)
                        continue;
                    subscriptions.Add(gateway.SubscribeAsync(topic, channel));
                }
            }

            await Task.WhenAll(subscriptions);
            Watch(gateway.PublishAsync(Topics));
        }
    }

    private async Task SubscribeWhereNobodyIsAsync()
    {
        foreach (string topic in Topics)
        {
            foreach (string channel in Channels)
            {
                if (CountConnections(topic, channel) == 0)
                    await _gateways[0].SubscribeAsync(topic, channel);
            }
        }
    }

    private int CountConnections(string topic, string channel) =>
        _gateways.Sum(gateway => gateway.Connections.Count(connection => connection.Topic == topic && connection.Channel == channel));

    private void Disturb(bool crashes)
    {
        // In the middle of things: after some of what comes next, not when all is settled.
        if (Time.UntilNextTimer is { } wait)
            Time.Advance(wait);
        for (int steps = _random.Next(0, 100); steps > 0 && Scheduler.Step(); steps--)
        {
        }

        string topic = Topics[_random.Next(Topics.Length)];
        string channel = Channels[_random.Next(Channels.Length)];
        int what = _random.Next(17);
        _events.Add($"{Now} disturbance {what} {topic}:{channel}");
        switch (what)
        {
            case 0:
                Shake();
                Cluster.Kill(Grains.GetGrain<ITopicGrain>(topic));
                break;
            case 1:
                Shake();
                Cluster.Kill(Grains.GetGrain<IChannelGrain>(ChannelKey.Of(topic, channel)));
                break;
            case 2:
                Shake();
                _ = Cluster.DeactivateAsync(Grains.GetGrain<IChannelGrain>(ChannelKey.Of(topic, channel)));
                break;
            case 3:
                _ = Cluster.DeactivateAsync(Grains.GetGrain<ITopicGrain>(topic));
                break;
            case 4 when _gateways.Count > 0:
                Shake();
                Kill(_gateways[0]);
                Scheduler.Run(() => StartGatewaysAsync(1));
                break;
            case 5 or 6 when crashes:
                Crash();
                break;
            case 7 when crashes:
                _store.Disturb(_random);
                break;
            case 8 when _silos > 1:
                KillSilo(Cluster.Silos[_random.Next(Cluster.Silos.Count)]);
                break;
            case 9 or 10 when _silos > 1:
                _ = Scheduler.Start(() => MisleadAsync(Grains.GetGrain<ITopicGrain>(topic)));
                break;
            case 11 when _silos > 1:
                _ = Scheduler.Start(() => MisleadAsync(Grains.GetGrain<IChannelGrain>(ChannelKey.Of(topic, channel))));
                break;
            case 12 when _gateways.Count > 0:
                EndConnection();
                break;
            case 15 or 16 when _pausing.Add((topic, channel)):
                Watch(Scheduler.Start(() => PauseAsync(topic, channel)));
                break;
            case 13 or 14 when _hasFaultyNetwork:
                _ = Scheduler.Start(CutAsync);
                break;
        }
    }

    private void KillSilo(SimulatedSilo silo)
    {
        foreach (SimulatedGateway gateway in _gateways.Where(gateway => gateway.Host == silo).ToArray())
            Kill(gateway);

        // Callers that hear nothing of it wait for their answers, and attach again only then.
        _ = Scheduler.Start(() => DisturbAsync(Cluster.Options.ResponseTimeout + AfterMath));
        silo.Kill();
        AddSilo();
        foreach (SimulatedGateway gateway in _gateways)
            gateway.Knock();
        Scheduler.Run(() => StartGatewaysAsync(1));
    }

    private void Kill(SimulatedGateway gateway)
    {
        gateway.Kill();
        _gateways.Remove(gateway);
    }

    private void EndConnection()
    {
        SimulatedGateway gateway = _gateways[_random.Next(_gateways.Count)];
        if (gateway.Connections.Count == 0)
            return;
        SimulatedConnection connection = gateway.Connections[_random.Next(gateway.Connections.Count)];
        Shake();
        Watch(gateway.Process.RunAsync(async () =>
        {
            connection.End();
            await gateway.SubscribeAsync(connection.Topic, connection.Channel);
        }));
    }

    private async Task PauseAsync(string topic, string channel)
    {
        if (await SetPausedAsync(topic, channel, paused: true))
            Oracle.Paused(topic, channel, Now);
        await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(500, 10_000)), Time);
        await ResumeAsync(topic, channel);
        _pausing.Remove((topic, channel));
    }

    private async Task ResumeAsync(string topic, string channel)
    {
        Oracle.Resuming(topic, channel);
        while (!await SetPausedAsync(topic, channel, paused: false))
            await Task.Delay(RetryDelay, Time);
    }

    // A call to pause that was given up may have been carried out after the channel was told to go on.
    private async Task ResumeAllAsync()
    {
        while (_pausing.Count > 0)
            await Task.Delay(RetryDelay, Time);
        foreach (string topic in Topics)
        {
            foreach (string channel in Channels)
                await ResumeAsync(topic, channel);
        }
    }

    // A channel that was never made is as good as told.
    private async Task<bool> SetPausedAsync(string topic, string channel, bool paused)
    {
        try
        {
            TopicReply reply = await Grains.GetGrain<ITopicGrain>(topic).PauseChannelAsync(channel, paused);
            _events.Add($"{Now} {topic}:{channel} paused {paused}: {reply.Status} {reply.Error}");
            return reply.IsOk || (!paused && reply.Status is TopicStatus.ChannelNotFound or TopicStatus.TopicNotFound);
        }
        catch (Exception e) when (e is TimeoutException or OrleansMessageRejectionException or StoreException)
        {
            _events.Add($"{Now} {topic}:{channel} paused {paused}: {e.Message}");
            return false;
        }
    }

    // One direction only, or both.
    private async Task CutAsync()
    {
        SimulatedSilo[] processes = [.. Cluster.Silos.Concat(_gateways.Select(gateway => gateway.Host)).Distinct()];
        SimulatedSilo one = processes[_random.Next(processes.Length)];
        SimulatedSilo other = processes[_random.Next(processes.Length)];
        TimeSpan duration = TimeSpan.FromMilliseconds(_random.Next(100, 15_000));
        _ = Scheduler.Start(() => DisturbAsync(duration + Cluster.Options.ResponseTimeout + AfterMath));
        Cluster.Network.Cut(one, other);
        if (_random.Next(2) == 0)
            Cluster.Network.Cut(other, one);
        await Task.Delay(duration, Time);
        Cluster.Network.MendAll();
    }

    // For a while two activations of one grain may live, each of which some silos take for the one.
    private async Task MisleadAsync(IAddressable grain)
    {
        GrainId id = grain.GetGrainId();
        TimeSpan duration = TimeSpan.FromMilliseconds(_random.Next(100, 5_000));
        _ = Scheduler.Start(() => DisturbAsync(duration + AfterMath));
        Cluster.Directory.Mislead(id);
        await Task.Delay(duration, Time);
        Cluster.Directory.Mend(id);
    }

    private async Task DisturbAsync(TimeSpan duration)
    {
        Oracle.DisturbanceBegins();
        await Task.Delay(duration, Time);
        Oracle.DisturbanceEnds();
    }

    private void Crash()
    {
        Shake();
        foreach (SimulatedGateway gateway in _gateways.ToArray())
            Kill(gateway);
        foreach (SimulatedSilo silo in Cluster.Silos.ToArray())
            silo.Kill();
        TimeSpan lost = _store.Crash(_random);
        long unsyncedSince = UnsyncedSince();
        _events.Add($"{Now} crash, {lost} of acknowledgements lost");
        if (lost > TimeSpan.Zero)
            Oracle.PowerLost(unsyncedSince);
        Scheduler.Run(BootAsync);
        Scheduler.Run(() => StartGatewaysAsync(2));
    }

    // What a killed process left unsynced is synced by the next one, which takes a sync interval of its own from when the topic is opened.
    private long UnsyncedSince()
    {
        long window = (long)FileStoreUnderTest.SyncWindow.TotalMilliseconds;
        if (Now - _lastCrash > 3 * window)
            _unsyncedSince = Now - window;
        _lastCrash = Now;
        return _unsyncedSince;
    }

    // Beyond a few attempts messages die; the channels of a world have one policy, by their topics.
    private async Task LimitAttemptsAsync()
    {
        ChannelPolicy policy = new()
        {
            MaxAttempts = _deaths!.Next(1, 4),
            RetryDelay = _deaths.Next(2) == 0 ? new RetryDelay(_deaths.Next(1, 2_000), 2, 5_000) : null,
        };
        foreach (string topic in Topics)
            await TryAsync($"{topic} {policy}", () => Grains.GetGrain<ITopicGrain>(topic).ChangePolicyAsync(new TopicPolicy { Channels = policy }, expected: null));
    }

    private async Task RedriveAsync(Random random)
    {
        string topic = Topics[random.Next(Topics.Length)];
        string channel = Channels[random.Next(Channels.Length)];
        Redrive? redrive = random.Next(4) == 0
            ? null
            : new Redrive { Rate = random.Next(2) == 0 ? 0 : random.Next(1, 20), Filter = random.Next(2) == 0 ? DeadFilter.All : new DeadFilter { Cause = DeadCause.Requeued } };
        await SetRedriveAsync(topic, channel, redrive);
    }

    private async Task RedriveAllAsync()
    {
        foreach (TopicStats stats in await StatsAsync())
        {
            foreach (ChannelStats channel in stats.Channels.Where(channel => channel.Dead > 0))
                await SetRedriveAsync(stats.Topic, channel.Channel, new Redrive());
        }
    }

    private Task SetRedriveAsync(string topic, string channel, Redrive? redrive) =>
        TryAsync($"{topic}:{channel} {redrive}", () => Grains.GetGrain<ITopicGrain>(topic).RedriveAsync(channel, redrive));

    private async Task TryAsync(string what, Func<ValueTask<TopicReply>> change)
    {
        try
        {
            TopicReply reply = await change();
            _events.Add($"{Now} {what}: {reply.Status} {reply.Error}");
        }
        catch (Exception e) when (e is TimeoutException or OrleansMessageRejectionException or StoreException)
        {
            _events.Add($"{Now} {what}: {e.Message}");
        }
    }

    private void Shake()
    {
        Oracle.Disturbed();
        Oracle.ForgetFinished();
    }

    private async Task<bool> IsEmptyAsync()
    {
        foreach (TopicStats stats in await StatsAsync())
        {
            if (stats.Depth != 0 || stats.Channels.Any(c => c.Depth != 0 || c.InFlight != 0 || c.Deferred != 0 || c.Dead != 0))
                return false;
        }

        return true;
    }

    private async Task<string> DescribeAsync() => string.Join("; ", (await StatsAsync()).SelectMany(stats =>
        stats.Channels.Select(c => $"{stats.Topic}/{c.Channel} depth {c.Depth} in flight {c.InFlight} deferred {c.Deferred} dead {c.Dead} consumers {c.ConsumerCount}")
            .Prepend($"{stats.Topic} depth {stats.Depth}")));

    private async Task<List<TopicStats>> StatsAsync()
    {
        List<TopicStats> all = [];
        foreach (string topic in Topics)
            all.Add(await Grains.GetGrain<ITopicGrain>(topic).StatsAsync(new StatsRequest(null, false)));
        return all;
    }
}
