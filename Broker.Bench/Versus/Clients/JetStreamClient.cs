using Broker.Bench.Load;
using Broker.Bench.Sockets;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace Broker.Bench.Versus.Clients;

/// <summary>NATS.Net on a server with JetStream: a topic is a stream on file, its channel a durable pull consumer.</summary>
internal sealed class JetStreamClient(ServerAddress server) : IClient
{
    private const string Durable = "bench";

    private static readonly TimeSpan AckWait = TimeSpan.FromMinutes(1);

    private readonly NatsConnection _connection = Connection(server);

    public async Task CreateAsync(string topic, LoadPlan plan)
    {
        NatsJSContext stream = new(_connection);
        await stream.CreateStreamAsync(new StreamConfig(topic, [topic]) { Storage = StreamConfigStorage.File });
        await stream.CreateOrUpdateConsumerAsync(topic, new ConsumerConfig(Durable)
        {
            AckPolicy = ConsumerConfigAckPolicy.Explicit,
            AckWait = AckWait,
            // Of the consumer as a whole, where RDY is of each connection.
            MaxAckPending = plan.Ready * plan.Consumers,
        });
    }

    public async Task DeleteAsync(string topic) => await new NatsJSContext(_connection).DeleteStreamAsync(topic);

    public Task<IClientPublisher> OpenPublisherAsync() => Task.FromResult<IClientPublisher>(new Publisher(Connection(server)));

    public Task<IClientConsumer> OpenConsumerAsync(string topic, int ready) =>
        Task.FromResult<IClientConsumer>(new Consumer(Connection(server), topic, ready));

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static NatsConnection Connection(ServerAddress server) => new(new NatsOpts { Url = $"nats://{server}" });

    private sealed class Publisher(NatsConnection connection) : IClientPublisher
    {
        private readonly NatsJSContext _stream = new(connection);

        public async Task PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
        {
            ValueTask<PubAckResponse>[] answers = new ValueTask<PubAckResponse>[bodies.Count];
            for (int i = 0; i < answers.Length; i++)
                answers[i] = _stream.PublishAsync(topic, bodies[i]);
            foreach (ValueTask<PubAckResponse> answer in answers)
                (await answer).EnsureSuccess();
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }

    private sealed class Consumer(NatsConnection connection, string topic, int ready) : IClientConsumer
    {
        // The server keeps to MaxAckPending. What is asked for at once is more, so that a round trip for the next is not awaited.
        private const int LeastAskedFor = 100;

        public async Task ConsumeAsync(MessageReceived received, CancellationToken stop)
        {
            INatsJSConsumer consumer = await new NatsJSContext(connection).GetConsumerAsync(topic, Durable, stop);
            NatsJSConsumeOpts options = new() { MaxMsgs = Math.Max(ready, LeastAskedFor) };
            await foreach (INatsJSMsg<NatsMemoryOwner<byte>> message in consumer.ConsumeAsync<NatsMemoryOwner<byte>>(opts: options, cancellationToken: stop))
            {
                using NatsMemoryOwner<byte> body = message.Data;
                if (received(body.Span, message.Metadata?.NumDelivered > 1))
                    await message.AckAsync(cancellationToken: CancellationToken.None);
            }
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
