using Broker.Bench.Load;
using Broker.Bench.Sockets;
using StackExchange.Redis;

namespace Broker.Bench.Versus.Clients;

/// <summary>StackExchange.Redis: a topic is a stream, its channel a group of consumers.</summary>
internal sealed class RedisClient : IClient
{
    private const string Group = "bench";
    private const string Field = "body";

    private readonly ServerAddress _server;
    private readonly ConnectionMultiplexer _connection;

    private RedisClient(ServerAddress server, ConnectionMultiplexer connection) => (_server, _connection) = (server, connection);

    public static async Task<RedisClient> OpenAsync(ServerAddress server) => new(server, await ConnectAsync(server));

    public Task CreateAsync(string topic, LoadPlan plan) => GroupExists(topic)
        ? Task.CompletedTask
        : _connection.GetDatabase().StreamCreateConsumerGroupAsync(topic, Group, StreamPosition.Beginning, createStream: true);

    public Task DeleteAsync(string topic) => _connection.GetDatabase().ExecuteAsync("UNLINK", topic);

    public async Task<IClientPublisher> OpenPublisherAsync() => new Publisher(await ConnectAsync(_server));

    public async Task<IClientConsumer> OpenConsumerAsync(string topic, int ready) => new Consumer(await ConnectAsync(_server), topic, ready);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private static async Task<ConnectionMultiplexer> ConnectAsync(ServerAddress server) =>
        await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { server.Host, server.Port } },
            // The third version of the protocol answers XREADGROUP in another form.
            Protocol = RedisProtocol.Resp2,
        });

    // A topic whose backlog is to be consumed is there already.
    private bool GroupExists(string topic)
    {
        IDatabase database = _connection.GetDatabase();
        return database.KeyExists(topic) && database.StreamGroupInfo(topic).Any(group => group.Name == Group);
    }

    private sealed class Publisher(ConnectionMultiplexer connection) : IClientPublisher
    {
        private readonly IDatabase _database = connection.GetDatabase();

        public Task PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies)
        {
            if (bodies.Count == 1)
                return _database.StreamAddAsync(topic, Field, bodies[0]);
            Task[] answers = new Task[bodies.Count];
            for (int i = 0; i < answers.Length; i++)
                answers[i] = _database.StreamAddAsync(topic, Field, bodies[i]);
            return Task.WhenAll(answers);
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }

    private sealed class Consumer(ConnectionMultiplexer connection, string topic, int ready) : IClientConsumer
    {
        private const int BlockMilliseconds = 500;

        private readonly IDatabase _database = connection.GetDatabase();
        private readonly string _name = Guid.NewGuid().ToString("N");

        public async Task ConsumeAsync(MessageReceived received, CancellationToken stop)
        {
            // The library has no method that waits for entries. On a connection of its own the command holds up nobody else, and it goes after the XACKs.
            object[] read = ["GROUP", Group, _name, "COUNT", ready, "BLOCK", BlockMilliseconds, "STREAMS", topic, ">"];
            List<Task> acknowledgements = [];
            while (!stop.IsCancellationRequested)
            {
                Task<RedisResult> next = _database.ExecuteAsync("XREADGROUP", read);
                await Task.WhenAll(acknowledgements);
                acknowledgements.Clear();
                RedisResult answer = await next;
                if (answer.IsNull)
                    continue;
                // One stream, of which [name, entries]; of an entry [id, [field, value]].
                foreach (RedisResult entry in (RedisResult[])answer[0][1]!)
                {
                    ReadOnlyMemory<byte> body = (RedisValue)entry[1][1];
                    // A group delivers an entry again only to who asks for what was not acknowledged.
                    if (received(body.Span, redelivered: false))
                        acknowledgements.Add(_database.StreamAcknowledgeAsync(topic, Group, (RedisValue)entry[0]));
                }
            }
            await Task.WhenAll(acknowledgements);
        }

        public ValueTask DisposeAsync() => connection.DisposeAsync();
    }
}
