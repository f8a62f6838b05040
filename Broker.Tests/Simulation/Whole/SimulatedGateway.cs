using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text;
using Broker.Gateway.Consuming;
using Broker.Gateway.Events;
using Broker.Gateway.Publishing;
using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Broker.Gateways;
using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Policies;
using Broker.Tests.Simulation.Silos;
using Broker.Topics;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Tests.Simulation.Whole;

/// <summary>A gateway as it ships, but for the sockets: its clients are simulated. It may vanish.</summary>
internal sealed class SimulatedGateway
{
    private static readonly GatewayMetrics Metrics = new(
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>(), TimeProvider.System);

    // So that credit is often what deliveries wait for.
    private const int NarrowWindow = 64;

    private readonly SimulatedProcess _process;
    private readonly TimerWheel _wheel;
    private readonly GatewayOptions _options;
    private readonly List<SimulatedConnection> _connections = [];
    private readonly Dictionary<string, TopicPublisher> _publishers = [];
    private readonly IHostedTopics _hosted;
    private readonly bool _isAlone;
    private readonly int _number;
    private int _values;
    private int _connectionCount;

    /// <param name="world">What it is part of.</param>
    /// <param name="silo">The silo that it is part of; null for a process of its own.</param>
    /// <param name="number">Its number.</param>
    /// <param name="seed">What it does follows from.</param>
    public SimulatedGateway(BrokerWorld world, SimulatedSilo? silo, int number, int seed)
    {
        SimulatedSilo host = silo ?? world.Cluster.AddClient();
        _isAlone = silo is null;
        World = world;
        Host = host;
        _number = number;
        Random = new Random(seed);
        _process = new SimulatedProcess(world.Scheduler, world.Time, $"gateway-{number}");
        // What a silo's own gateway does without a call, calls do in every fourth: they may get lost.
        bool isLocal = silo is not null && Random.Next(4) != 0;
        _hosted = isLocal ? world.Watch(silo!.GetRequiredService<HostedTopics>()) : new NoTopics();
        _options = new GatewayOptions();
        if (Random.Next(2) == 0)
            _options.ConsumerWindowBytes = NarrowWindow;
        _wheel = new TimerWheel(_process.Time, world.Log);
        LocalGateways locals = isLocal ? silo!.GetRequiredService<LocalGateways>() : new LocalGateways();
        Links = new ChannelLinks($"gateway-{number}", host.Grains, locals, _options, new EventFeed(), _wheel, _process.Time, world.Log, Random);
    }

    public BrokerWorld World { get; }

    /// <summary>The process that it is part of: a silo, or an Orleans client.</summary>
    public SimulatedSilo Host { get; }

    public Random Random { get; }

    /// <summary>The gateway's side of its channels.</summary>
    public ChannelLinks Links { get; }

    public SimulatedProcess Process => _process;

    public IReadOnlyList<SimulatedConnection> Connections => _connections;

    public bool IsAlive => _process.IsAlive;

    /// <summary>The process dies.</summary>
    public void Kill()
    {
        _process.Kill();
        Links.Dispose();
        _wheel.Dispose();
        if (_isAlone)
            Host.Kill();
    }

    /// <summary>Has a client subscribe, again and again until it is let in.</summary>
    public Task SubscribeAsync(string topic, string channel) => _process.RunAsync(async () =>
    {
        int timeout = Random.Next(1_000, 8_000);
        int ready = Random.Next(1, 50);
        while (true)
        {
            SimulatedConnection connection = new(this, topic, channel, _connectionCount++, timeout, ready);
            if (await connection.SubscribeAsync())
            {
                _connections.Add(connection);
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), _process.Time);
        }
    });

    /// <summary>A client goes, or was sent away.</summary>
    public void Forget(SimulatedConnection connection) => _connections.Remove(connection);

    /// <summary>Has clients publish until the faults are over.</summary>
    public Task PublishAsync(IReadOnlyList<string> topics) => _process.RunAsync(async () =>
    {
        List<Task> underWay = [];
        while (!World.Draining)
        {
            string topic = topics[Random.Next(topics.Count)];
            int count = Random.Next(4) == 0 ? Random.Next(1, 60) : 1;
            underWay.Add(PublishAsync(topic, count, deferred: Random.Next(6) == 0));
            foreach (Task ended in underWay.Where(task => task.IsCompleted).ToArray())
            {
                underWay.Remove(ended);
                await ended;
            }

            // More than a publisher has under way at once, so that what clients send meets.
            if (underWay.Count > 2 * TopicPublisher.MaxCalls)
                await Task.WhenAny(underWay);
            if (Random.Next(3) != 0)
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Next(1, 800)), _process.Time);
        }

        await Task.WhenAll(underWay);
    });

    /// <summary>A silo has gone.</summary>
    public void Knock() => _process.Post(_ => Links.Knock(), null);

    private async Task PublishAsync(string topic, int count, bool deferred)
    {
        string[] values = [.. Enumerable.Range(0, count).Select(_ => $"{_number}.{_values++}")];
        long nanoseconds = World.Now * 1_000_000;
        TopicPublisher publisher = FindPublisher(topic);
        PublishCall[] calls = new PublishCall[count];
        if (count > 1 && !deferred)
        {
            foreach (string value in values)
                World.Oracle.Publishing(topic, value, due: 0);
            MessageBatch batch = MessageBatch.Create(nanoseconds, [.. values.Select(Encoding.ASCII.GetBytes)]);
            Array.Fill(calls, publisher.AddBatch(batch));
        }
        else
        {
            for (int i = 0; i < count; i++)
            {
                long? due = deferred ? World.Now + Random.Next(0, 30_000) : null;
                World.Oracle.Publishing(topic, values[i], due ?? 0);
                calls[i] = publisher.Add(nanoseconds, new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(values[i])), due);
            }
        }

        publisher.Start();
        for (int i = 0; i < count; i++)
        {
            if (!calls[i].IsCompleted)
                await calls[i].WaitAsync();
            if (calls[i].Cause is null)
                World.Oracle.PublishAcknowledged(values[i], World.Now);
        }
    }

    private TopicPublisher FindPublisher(string topic)
    {
        if (!_publishers.TryGetValue(topic, out TopicPublisher? publisher))
        {
            publisher = new TopicPublisher(topic, Host.Grains, _hosted, _number + 1, _options, Metrics, _process.Time, World.Log, Random);
            _publishers.Add(topic, publisher);
        }

        return publisher;
    }
}
