using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Broker.Channels;
using Broker.Gateway.Connections;
using Broker.Silo.Settings;
using Broker.Tests.Simulation;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Running;

/// <summary>
/// A whole broker within the test's process: silo, grains, store and TCP front end on a free port of loopback. Started
/// with virtual time, its clock stands still until the test lets time pass.
/// </summary>
public sealed class RunningBroker : IAsyncDisposable
{
    // Below every period at which parts of the broker expect to hear from each other.
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    // What a channel waits until it reads again what could not be read, and a little.
    private static readonly TimeSpan RetryTime = TimeSpan.FromSeconds(1.5);

    private readonly DataFolder _data;
    private readonly VirtualTimeProvider? _clock;
    private readonly BrokerParts _parts;
    private readonly ConcurrentQueue<NsqSocket> _sockets = new();
    private NsqSocket? _pulse;

    private RunningBroker(BrokerSettings settings, DataFolder data, VirtualTimeProvider? clock)
    {
        _data = data;
        _clock = clock;
        _parts = new BrokerParts(settings, clock ?? TimeProvider.System);
    }

    /// <summary>Where it listens.</summary>
    public EndPoint TcpEndPoint => _parts.TcpEndPoint;

    /// <summary>Where it serves HTTP, when it was given an address for it.</summary>
    public IPEndPoint HttpEndPoint => _parts.HttpEndPoint;

    /// <summary>Where it serves HTTPS, when it was given an address and a certificate for it.</summary>
    public IPEndPoint HttpsEndPoint => _parts.HttpsEndPoint;

    /// <summary>What it was composed of.</summary>
    public IServiceProvider Services => _parts.Services;

    /// <summary>Its grains.</summary>
    public IGrainFactory Grains => _parts.Grains;

    /// <summary>Its clock, when it was started with virtual time.</summary>
    public VirtualTimeProvider Clock => _clock ?? throw new InvalidOperationException("The broker was not started with virtual time.");

    /// <summary>What its connections know of themselves.</summary>
    public IReadOnlyList<ConnectionSnapshot> Connections => _parts.Connections;

    /// <summary>Where something is served, by the start banner's name for it.</summary>
    public IPEndPoint EndPointOf(string protocol) => _parts.EndPointOf(protocol);

    public static async Task<RunningBroker> StartAsync(Action<BrokerSettings>? configure = null, bool virtualTime = false)
    {
        DataFolder data = new();
        BrokerSettings settings = new() { LogLevel = LogLevel.Error, StorageKind = TestStorage.Kind };
        settings.Gateway.TcpAddress = "127.0.0.1:0";
        settings.Gateway.HttpAddress = "";
        settings.Gateway.HttpsAddress = "";
        settings.Storage.DataPath = data.Path;
        await TestStorage.ConfigureAsync(settings.Postgres);
        SiloPorts.Apply(settings.Cluster);
        // Virtual time runs so much faster than threads that a live gateway might be taken for dead.
        if (virtualTime) settings.Queue.GatewayTimeout = TimeSpan.FromDays(1);
        configure?.Invoke(settings);
        RunningBroker broker = new(settings, data, virtualTime ? new VirtualTimeProvider() : null);
        try
        {
            await broker._parts.StartAsync();
        }
        catch
        {
            await broker.DisposeAsync();
            throw;
        }

        return broker;
    }

    /// <summary>Stops it gracefully.</summary>
    public Task StopAsync()
    {
        _pulse = null;
        return _parts.StopAsync();
    }

    /// <summary>Stops it gracefully and starts it again on the same data; its port may be another one then.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await _parts.StartAsync();
    }

    /// <summary>A connection that has sent the magic; it ends with the broker.</summary>
    public async Task<NsqSocket> OpenAsync(int? receiveBuffer = null) => Own(await NsqSocket.OpenAsync(TcpEndPoint, receiveBuffer));

    /// <summary>A connection that has sent nothing; it ends with the broker.</summary>
    public async Task<NsqSocket> ConnectAsync() => Own(await NsqSocket.ConnectAsync(TcpEndPoint));

    /// <summary>A connection that has subscribed.</summary>
    public async Task<NsqSocket> SubscribeAsync(string topic, string channel, int ready = 0)
    {
        NsqSocket socket = await OpenAsync();
        await socket.SubscribeAsync(topic, channel, ready);
        return socket;
    }

    /// <summary>Publishes over a connection made for it.</summary>
    public async Task PublishAsync(string topic, params string[] bodies)
    {
        await using NsqSocket socket = await NsqSocket.OpenAsync(TcpEndPoint);
        await socket.PublishAsync(topic, bodies);
    }

    public ITopicGrain Topic(string topic) => Grains.GetGrain<ITopicGrain>(topic);

    public Task<TopicStats> StatsAsync(string topic) => Topic(topic).StatsAsync(new StatsRequest(null, IncludeConsumers: true)).AsTask();

    /// <summary>Figures of a channel; null when there is none of this name.</summary>
    public async Task<ChannelStats?> StatsAsync(string topic, string channel) =>
        (await StatsAsync(topic)).Channels.SingleOrDefault(stats => stats.Channel == channel);

    /// <summary>How many grains of the broker are in memory.</summary>
    public async Task<int> CountActivationsAsync() =>
        (await Grains.GetGrain<IManagementGrain>(0).GetSimpleGrainStatistics())
            .Where(grain => grain.GrainType.StartsWith("Broker.", StringComparison.Ordinal))
            .Sum(grain => grain.ActivationCount);

    /// <summary>Waits until a topic's figures are as expected.</summary>
    public Task UntilAsync(
        string topic, Func<TopicStats, bool> expected, [CallerArgumentExpression(nameof(expected))] string? expression = null) =>
        UntilAsync(() => StatsAsync(topic), expected, stats => Figures.Of(stats), $"topic {topic}: {expression}");

    /// <summary>Waits until a channel's figures are as expected.</summary>
    public Task UntilAsync(
        string topic,
        string channel,
        Func<ChannelStats, bool> expected,
        [CallerArgumentExpression(nameof(expected))] string? expression = null) => UntilAsync(
            () => StatsAsync(topic, channel),
            stats => stats is not null && expected(stats),
            stats => stats is null ? "no such channel" : Figures.Of(stats),
            $"channel {topic}:{channel}: {expression}");

    /// <summary>Waits until the topic has no channel of this name.</summary>
    public Task UntilGoneAsync(string topic, string channel) => UntilAsync(
        () => StatsAsync(topic, channel),
        stats => stats is null,
        stats => stats is null ? "no such channel" : Figures.Of(stats),
        $"channel {topic}:{channel} is gone");

    /// <summary>
    /// Lets virtual time pass, in steps between which the broker catches up. The connections named are kept alive with a publish
    /// at each step.
    /// </summary>
    public async Task PassAsync(TimeSpan duration, params NsqSocket[] alive)
    {
        for (TimeSpan left = duration; left > TimeSpan.Zero; left -= Step) await StepAsync(left < Step ? left : Step, alive);
    }

    /// <summary>
    /// Lets virtual time pass until <paramref name="awaited"/> has happened, and gives the time that it took. When
    /// <paramref name="limit"/> has passed, it must happen without more. No connection is kept alive.
    /// </summary>
    public async Task<TimeSpan> PassUntilAsync(Task awaited, TimeSpan limit)
    {
        TimeSpan passed = await PassUntilAsync(() => awaited.IsCompleted, limit);
        await awaited;
        return passed;
    }

    /// <summary>As <see cref="PassUntilAsync(Task, TimeSpan)"/>, until a connection has got a frame; it is kept alive.</summary>
    public Task<TimeSpan> PassUntilFrameAsync(NsqSocket socket, TimeSpan limit) =>
        PassUntilAsync(socket, () => socket.HasFrames, "frame", limit);

    /// <summary>As <see cref="PassUntilFrameAsync"/>, until a heartbeat.</summary>
    public Task<TimeSpan> PassUntilHeartbeatAsync(NsqSocket socket, TimeSpan limit)
    {
        int before = socket.Heartbeats;
        return PassUntilAsync(socket, () => socket.Heartbeats > before, "heartbeat", limit);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (NsqSocket socket in _sockets) await socket.DisposeAsync();
        await StopAsync();
        _data.Dispose();
    }

    private static async Task UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> expected, Func<T, string> show, string expression)
    {
        long start = TimeProvider.System.GetTimestamp();
        TimeSpan pause = TimeSpan.FromMilliseconds(1);
        while (true)
        {
            T answer = await ask();
            if (expected(answer)) return;

            if (TimeProvider.System.GetElapsedTime(start) > NsqSocket.Patience)
            {
                throw new Xunit.Sdk.XunitException($"{expression}: not so within {NsqSocket.Patience.TotalSeconds} s, but {show(answer)}");
            }

            await Task.Delay(pause);
            if (pause < TimeSpan.FromMilliseconds(50)) pause *= 2;
        }
    }

    private async Task<TimeSpan> PassUntilAsync(NsqSocket socket, Func<bool> happened, string awaited, TimeSpan limit)
    {
        TimeSpan passed = await PassUntilAsync(happened, limit, socket);
        TimeSpan limited = Clock.Elapsed;
        long began = TimeProvider.System.GetTimestamp();
        while (!happened())
        {
            if (TimeProvider.System.GetElapsedTime(began) > NsqSocket.Patience)
            {
                throw new Xunit.Sdk.XunitException(
                    $"{limit.TotalSeconds} s of virtual time have passed, and no {awaited} came; {await TopicsAsync()}");
            }

            // A store that a busy machine has kept waiting is asked again after a while, which has to pass.
            if (Clock.Elapsed - limited < RetryTime) await StepAsync(Step / 10, [socket]);
            else await socket.SyncAsync();
        }

        return passed;
    }

    private async Task<string> TopicsAsync()
    {
        StringBuilder text = new();
        foreach (string topic in await Grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key).TopicsAsync())
            text.Append("topic ").Append(topic).Append(": ").AppendLine(Figures.Of(await StatsAsync(topic)));
        return text.ToString();
    }

    private async Task<TimeSpan> PassUntilAsync(Func<bool> happened, TimeSpan limit, params NsqSocket[] alive)
    {
        const int stepsAtLeast = 50;
        TimeSpan step = limit / stepsAtLeast < Step ? limit / stepsAtLeast : Step;
        TimeSpan start = Clock.Elapsed;
        while (!happened() && Clock.Elapsed - start is var passed && passed < limit)
        {
            await StepAsync(limit - passed < step ? limit - passed : step, alive);
        }

        return Clock.Elapsed - start;
    }

    private async Task StepAsync(TimeSpan step, NsqSocket[] alive)
    {
        await Task.Run(() => Clock.Advance(step));
        foreach (NsqSocket socket in alive) await socket.SyncAsync();

        // A publish goes through socket, gateway, grain and store and back: whatever the step has set off got its turn before.
        _pulse ??= await OpenAsync();
        await _pulse.ExpectNothingAsync();
    }

    private NsqSocket Own(NsqSocket socket)
    {
        _sockets.Enqueue(socket);
        return socket;
    }
}
