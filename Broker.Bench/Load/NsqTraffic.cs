using Broker.Bench.Sockets;

namespace Broker.Bench.Load;

/// <summary>The connections of a run by NSQ's protocol.</summary>
/// <param name="plan">What they do.</param>
/// <param name="run">What tells them to end.</param>
/// <param name="servers">The servers that they are spread over; of a cluster, so that each will do.</param>
public sealed class NsqTraffic(LoadPlan plan, RunControl run, IReadOnlyList<ServerAddress> servers) : ITraffic
{
    private const int PublisherReceiveCapacity = 4 * 1024;
    private const int ConsumerReceiveCapacity = 256 * 1024;
    private const int ClosingPatienceMilliseconds = 1000;

    private readonly List<Publisher> _publishers = [];
    private readonly List<Consumer> _consumers = [];
    private readonly List<EventLoop> _loops = [];
    private int _opened;

    /// <summary>All of them to the server of the plan.</summary>
    public NsqTraffic(LoadPlan plan, RunControl run)
        : this(plan, run, [plan.Server])
    {
    }

    public IReadOnlyList<IProducing> Producers => _publishers;

    public IReadOnlyList<IConsuming> Consumers => _consumers;

    // Connecting blocks, once for each of what may be ten thousand connections.
    public Task ConnectAsync() => Task.Run(Connect, CancellationToken.None);

    public void Start()
    {
        AddLoops("consume", _consumers, paced: false);
        AddLoops("publish", _publishers, paced: plan.Rate > 0);
        foreach (EventLoop loop in _loops)
            loop.Start();
    }

    public Task StopAsync() => Task.Run(() =>
    {
        foreach (EventLoop loop in _loops)
            loop.Join();
        foreach (Consumer consumer in _consumers)
            consumer.Connection.EndSending();
        foreach (Consumer consumer in _consumers)
            consumer.Connection.AwaitEnd(ClosingPatienceMilliseconds);
    });

    public ValueTask DisposeAsync()
    {
        foreach (LoadConnection connection in _publishers.Concat<LoadConnection>(_consumers))
            connection.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Connect()
    {
        for (int topic = 0; topic < plan.Topics; topic++)
        {
            for (int channel = 0; channel < plan.Channels; channel++)
            {
                if (plan.Consumes)
                    AddConsumers(plan.TopicName(topic), plan.ChannelName(channel));
                else
                    CreateChannel(plan.TopicName(topic), plan.ChannelName(channel));
            }
        }
        for (int i = 0; plan.Publishes && i < plan.Producers; i++)
            _publishers.Add(new Publisher(Open(PublisherReceiveCapacity), run, plan, i));
        foreach (LoadConnection connection in _publishers.Concat<LoadConnection>(_consumers))
            connection.Connection.StopBlocking();
    }

    private void AddConsumers(string topic, string channel)
    {
        for (int i = 0; i < plan.Consumers; i++)
        {
            ServerConnection connection = Open(ConsumerReceiveCapacity);
            _consumers.Add(new Consumer(connection, run, plan));
            connection.Subscribe(topic, channel);
        }
    }

    private void CreateChannel(string topic, string channel)
    {
        using ServerConnection connection = Open(PublisherReceiveCapacity);
        connection.Subscribe(topic, channel);
    }

    private ServerConnection Open(int receiveCapacity) =>
        ServerConnection.Open(servers[_opened++ % servers.Count], plan.Identify, receiveCapacity);

    private void AddLoops(string name, IReadOnlyList<LoadConnection> connections, bool paced)
    {
        for (int thread = 0; thread < Math.Min(plan.Threads, connections.Count); thread++)
            _loops.Add(new EventLoop(name, run, [.. connections.Where((_, index) => index % plan.Threads == thread)], paced));
    }
}
