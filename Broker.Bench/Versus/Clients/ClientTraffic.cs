using Broker.Bench.Load;

namespace Broker.Bench.Versus.Clients;

/// <summary>The connections of a run by a client library.</summary>
internal sealed class ClientTraffic(IClient client, LoadPlan plan, RunControl run) : ITraffic
{
    private readonly List<ClientProducer> _producers = [];
    private readonly List<ClientConsumer> _consumers = [];

    public IReadOnlyList<IProducing> Producers => _producers;

    public IReadOnlyList<IConsuming> Consumers => _consumers;

    public async Task ConnectAsync()
    {
        try
        {
            await OpenAsync();
        }
        catch (Exception exception) when (exception is not LoadException)
        {
            throw new LoadException($"cannot connect: {exception.Message}", exception);
        }
    }

    public void Start()
    {
        foreach (ClientConsumer consumer in _consumers)
            consumer.Start();
        foreach (ClientProducer producer in _producers)
            producer.Start();
    }

    public async Task StopAsync()
    {
        foreach (ClientProducer producer in _producers)
            await producer.StopAsync();
        await Task.WhenAll(_consumers.Select(consumer => consumer.StopAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable connection in _producers.Concat<IAsyncDisposable>(_consumers))
            await connection.DisposeAsync();
    }

    private async Task OpenAsync()
    {
        if (plan.Channels != 1)
            throw new LoadException("only servers of NSQ's protocol can be measured with several channels");
        for (int topic = 0; topic < plan.Topics; topic++)
        {
            string name = plan.TopicName(topic);
            await client.CreateAsync(name, plan);
            for (int i = 0; plan.Consumes && i < plan.Consumers; i++)
                _consumers.Add(new ClientConsumer(await client.OpenConsumerAsync(name, plan.Ready), run, plan));
        }
        for (int i = 0; plan.Publishes && i < plan.Producers; i++)
            _producers.Add(new ClientProducer(await client.OpenPublisherAsync(), run, plan, i));
    }
}
