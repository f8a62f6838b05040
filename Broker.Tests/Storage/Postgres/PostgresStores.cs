using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Postgres;
using Broker.Tests.Running;
using Broker.Tests.Storage.Files;

namespace Broker.Tests.Storage.Postgres;

/// <summary>Stores on one schema of a server, as several brokers or the starts of one have them; they close with the test.</summary>
internal sealed class PostgresStores(PostgresServer server) : IAsyncDisposable
{
    private readonly List<PostgresMessageStore> _stores = [];

    /// <summary>What they have logged.</summary>
    public RecordedLog Log { get; } = new();

    /// <summary>Where they keep everything.</summary>
    public string Schema { get; } = TestStorage.NewSchema();

    /// <summary>How they reach the server, when not directly.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>How long they wait at their start.</summary>
    public TimeSpan StartWait { get; set; } = TimeSpan.FromSeconds(30);

    public long MaxTopicBytes { get; set; }

    /// <summary>Stores on a schema of the server that the whole run shares.</summary>
    public static async Task<PostgresStores> CreateAsync() => new(await PostgresServer.SharedAsync());

    /// <summary>Opens a store that has the schema for itself.</summary>
    public Task<PostgresMessageStore> OpenAsync() => OpenAsync(isShared: false);

    /// <summary>Opens a store as a silo of a cluster does.</summary>
    public Task<PostgresMessageStore> OpenSharedAsync(string? cluster = null) => OpenAsync(isShared: true, cluster);

    /// <summary>Asks the database something; <c>$</c> stands for the schema.</summary>
    public async Task<T> AskAsync<T>(string statement) => (T)(await server.AskAsync(statement.Replace("$", Schema, StringComparison.Ordinal)))!;

    public async ValueTask DisposeAsync()
    {
        foreach (PostgresMessageStore store in _stores) await store.DisposeAsync();
    }

    /// <summary>Reads all bodies of a log in order, each with its offset.</summary>
    public static async Task<List<(long Offset, string Text)>> ReadAllAsync(ITopicReader reader)
    {
        List<(long Offset, string Text)> all = [];
        for (long next = reader.Start; next < reader.End;)
        {
            LogRead read = await reader.ReadAsync(next, reader.End, 100_000);
            Assert.True(read.End > next);
            foreach (MessageBatch batch in read.Batches)
            {
                int position = 0;
                for (int i = 0; i < batch.Count; i++)
                {
                    all.Add((batch.BaseOffset + i, System.Text.Encoding.UTF8.GetString(batch.BodyAt(position).Span)));
                    position += batch.SizeAt(position);
                }
            }

            next = read.End;
        }

        return all;
    }

    /// <summary>A batch of texts at an offset.</summary>
    public static MessageBatch Batch(long offset, params string[] bodies) =>
        MessageBatch.Create(1_000, [.. bodies.Select(System.Text.Encoding.UTF8.GetBytes)]).At(offset);

    private async Task<PostgresMessageStore> OpenAsync(bool isShared, string? cluster = null)
    {
        PostgresOptions options = new()
        {
            ConnectionString = ConnectionString ?? server.ConnectionString,
            Schema = Schema,
            StartWait = StartWait,
            IsShared = isShared,
            Cluster = cluster,
        };
        PostgresMessageStore store = await PostgresMessageStore.OpenAsync(options, new StorageOptions { MaxTopicBytes = MaxTopicBytes }, Log);
        lock (_stores) _stores.Add(store);
        return store;
    }
}
