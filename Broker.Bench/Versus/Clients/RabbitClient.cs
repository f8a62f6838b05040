using System.Text;
using Broker.Bench.Load;
using Broker.Bench.Sockets;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Broker.Bench.Versus.Clients;

/// <summary>RabbitMQ.Client: a topic with its channel is a durable queue, which is published to by its name.</summary>
internal sealed class RabbitClient : IClient
{
    // A server that listens may still refuse for a moment.
    private const int Tries = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly ConnectionFactory _factory;
    private readonly string _queueType;
    private readonly IConnection _connection;

    private RabbitClient(ConnectionFactory factory, string queueType, IConnection connection) =>
        (_factory, _queueType, _connection) = (factory, queueType, connection);

    /// <summary>What the server says that its version is.</summary>
    public string ServerVersion => _connection.ServerProperties is { } properties && properties.TryGetValue("version", out object? version)
        ? Encoding.UTF8.GetString((byte[])version!)
        : "?";

    public static async Task<RabbitClient> OpenAsync(ServerAddress server, string queueType)
    {
        ConnectionFactory factory = new() { HostName = server.Host, Port = server.Port, AutomaticRecoveryEnabled = false };
        for (int tries = 1; ; tries++)
        {
            try
            {
                return new RabbitClient(factory, queueType, await factory.CreateConnectionAsync());
            }
            catch (BrokerUnreachableException) when (tries < Tries)
            {
                await Task.Delay(Pause);
            }
        }
    }

    public async Task CreateAsync(string topic, LoadPlan plan)
    {
        await using IChannel channel = await _connection.CreateChannelAsync();
        await channel.QueueDeclareAsync(
            topic, durable: true, exclusive: false, autoDelete: false, arguments: new Dictionary<string, object?> { ["x-queue-type"] = _queueType });
    }

    public async Task DeleteAsync(string topic)
    {
        await using IChannel channel = await _connection.CreateChannelAsync();
        await channel.QueueDeleteAsync(topic);
    }

    public async Task<IClientPublisher> OpenPublisherAsync()
    {
        IConnection connection = await _factory.CreateConnectionAsync();
        CreateChannelOptions confirmed = new(
            publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);
        return new Publisher(connection, await connection.CreateChannelAsync(confirmed));
    }

    public async Task<IClientConsumer> OpenConsumerAsync(string topic, int ready)
    {
        IConnection connection = await _factory.CreateConnectionAsync();
        return new Consumer(connection, await connection.CreateChannelAsync(), topic, ready);
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private sealed class Publisher(IConnection connection, IChannel channel) : IClientPublisher
    {
        private static readonly BasicProperties Persistent = new() { DeliveryMode = DeliveryModes.Persistent };

        public async Task PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
        {
            ValueTask[] answers = new ValueTask[bodies.Count];
            for (int i = 0; i < answers.Length; i++)
                answers[i] = channel.BasicPublishAsync("", topic, mandatory: false, Persistent, bodies[i]);
            foreach (ValueTask answer in answers)
                await answer;
        }

        public async ValueTask DisposeAsync()
        {
            await channel.DisposeAsync();
            await connection.DisposeAsync();
        }
    }

    private sealed class Consumer(IConnection connection, IChannel channel, string topic, int ready) : IClientConsumer
    {
        public async Task ConsumeAsync(MessageReceived received, CancellationToken stop)
        {
            await channel.BasicQosAsync(prefetchSize: 0, prefetchCount: (ushort)Math.Min(ready, ushort.MaxValue), global: false, stop);
            AsyncEventingBasicConsumer consumer = new(channel);
            TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            consumer.ReceivedAsync += async (_, delivery) =>
            {
                if (received(delivery.Body.Span, delivery.Redelivered))
                    await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
            };
            consumer.ShutdownAsync += (_, reason) =>
            {
                ended.TrySetException(new LoadException($"the connection was lost: {reason.ReplyText}"));
                return Task.CompletedTask;
            };
            using (stop.Register(() => ended.TrySetResult()))
            {
                string tag = await channel.BasicConsumeAsync(topic, autoAck: false, consumer, stop);
                await ended.Task;
                await channel.BasicCancelAsync(tag, cancellationToken: CancellationToken.None);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await channel.DisposeAsync();
            await connection.DisposeAsync();
        }
    }
}
