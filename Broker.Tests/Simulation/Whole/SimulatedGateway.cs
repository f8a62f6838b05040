using System.Text;
using Broker.Events;
using Broker.Gateways;
using Broker.Messages;
using Broker.Tests.Simulation.Silos;
using Broker.Topics;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Whole;

/// <summary>A gateway without sockets: publishes, consumes, retries, and may vanish.</summary>
internal sealed class SimulatedGateway : IGatewayObserver
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly SortedDictionary<string, SimulatedLink> _links = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _sequences = [];
    private readonly int _number;
    private int _values;

    public SimulatedGateway(BrokerWorld world, SimulatedSilo silo, int number, int seed)
    {
        World = world;
        Silo = silo;
        _number = number;
        Id = $"gateway-{number}";
        Random = new Random(seed);
        Reference = silo.Grains.CreateObjectReference<IGatewayObserver>(this);
    }

    public BrokerWorld World { get; }

    /// <summary>The silo that it is part of.</summary>
    public SimulatedSilo Silo { get; }

    public string Id { get; }

    public Random Random { get; }

    public IGatewayObserver Reference { get; }

    public bool Alive { get; set; } = true;

    /// <summary>Failures that pass: the call may be made again.</summary>
    public static bool IsPassing(Exception e) => e is TimeoutException or OrleansMessageRejectionException;

    public Task SubscribeAsync(string topic, string channel, int number, int timeout, int ready)
    {
        string key = topic + ":" + channel;
        if (!_links.TryGetValue(key, out SimulatedLink? link))
            _links.Add(key, link = new SimulatedLink(this, topic, channel));
        return link.SubscribeAsync(new SimulatedConsumer(link, number, timeout, ready, Random));
    }

    /// <summary>Publishes one batch, again and again until its outcome is known.</summary>
    public async Task PublishAsync(string topic, int count, bool deferred)
    {
        string[] values = [.. Enumerable.Range(0, count).Select(_ => $"{_number}.{_values++}")];
        long[]? due = deferred ? [.. values.Select(_ => World.Now + Random.Next(0, 30_000))] : null;
        for (int i = 0; i < count; i++)
            World.Oracle.Publishing(topic, values[i], due?[i] ?? 0);
        MessageBatch batch = MessageBatch.Create(World.Now * 1_000_000, [.. values.Select(Encoding.ASCII.GetBytes)]);
        batch = new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = count, Records = batch.Records, DueTimes = due };
        long sequence = _sequences[topic] = _sequences.GetValueOrDefault(topic) + 1;
        DateTimeOffset until = World.Time.GetUtcNow() + Deadline;
        while (Alive && World.Time.GetUtcNow() < until)
        {
            try
            {
                TopicReply reply = await Silo.Grains.GetGrain<ITopicGrain>(topic)
                    .PublishAsync(new PublishRequest { Publisher = _number + 1, Sequence = sequence, Batch = batch });
                // An answer that nobody was left to hear is no acknowledgement.
                if (reply.IsOk && Alive)
                {
                    foreach (string value in values)
                        World.Oracle.PublishAcknowledged(value, World.Now);
                }

                // Any other answer is an answer: the client is told that it failed.
                return;
            }
            catch (Exception e) when (IsPassing(e))
            {
                await Task.Delay(RetryDelay, World.Time);
            }
        }
    }

    public void Deliver(Delivery delivery)
    {
        // A delivery may get lost on the way: then it times out and comes again.
        if (!Alive || (!World.Draining && Random.Next(40) == 0))
            return;
        if (_links.TryGetValue(delivery.ChannelKey, out SimulatedLink? link))
            link.Deliver(delivery);
    }

    public void Close(string channelKey, long incarnation) => _links.Remove(channelKey);

    public void Happened(BrokerEvent happened)
    {
        // It asks for nothing that the directory could tell.
    }
}
