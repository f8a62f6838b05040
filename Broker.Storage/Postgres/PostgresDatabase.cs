using System.Diagnostics;
using Broker.Policies;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>The way to the database: connections, what is tried again, and what an operator is told.</summary>
/// <remarks>
/// All waiting here is for another process, so it goes by the machine's clock, and all work runs on the thread pool, not in the turns of the
/// grains that ask for it.
/// </remarks>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private const int Attempts = 4;

    /// <summary>What takes so long is not tried again: whoever waits for it waits for all attempts.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private readonly PostgresSource _pool;
    private volatile string? _refusal;

    public PostgresDatabase(PostgresOptions options, PostgresLog log, StorageMetrics? metrics)
    {
        Address = PostgresAddress.Parse(options.ConnectionString);
        Schema = options.Schema;
        IsShared = options.IsShared;
        Log = log;
        Metrics = metrics;
        Sql = new Statements(options.Schema);
        _pool = Address.CreatePool();
    }

    public PostgresAddress Address { get; }

    public string Schema { get; }

    /// <summary>Whether other processes write here too.</summary>
    public bool IsShared { get; }

    public PostgresLog Log { get; }

    public Statements Sql { get; }

    /// <summary>Whether what was to be written is written.</summary>
    public StoreHealth Writing { get; } = new();

    /// <summary>Told what is measured; null when nothing is.</summary>
    public StorageMetrics? Metrics { get; }

    /// <summary>Why nothing may be done here any more; null while all may.</summary>
    public string? Refusal
    {
        get => _refusal;
        set => _refusal = value;
    }

    /// <summary>A connection of the pool.</summary>
    public ValueTask<NpgsqlConnection> ConnectAsync() => _pool.OpenAsync();

    /// <summary>Lets go of all idle connections, as they are broken when one of them is.</summary>
    public void DropConnections() => _pool.Forget();

    /// <summary>Does something that may be done again when its outcome is unknown.</summary>
    /// <param name="what">What cannot be done if it fails, such as <c>cannot open topic t</c>.</param>
    /// <param name="operation">What to do with a connection.</param>
    /// <exception cref="StoreException">It failed.</exception>
    public Task<T> RunAsync<T>(string what, Func<NpgsqlConnection, Task<T>> operation) => Task.Run(async () =>
    {
        long began = Stopwatch.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            if (Refusal is { } refusal)
                throw new StoreException($"{what}: {refusal}");
            try
            {
                await using NpgsqlConnection connection = await ConnectAsync();
                return await operation(connection);
            }
            catch (Exception e) when (PostgresFault.IsOfDatabase(e))
            {
                if (PostgresFault.IsOfConnection(e))
                    DropConnections();
                if (attempt == Attempts || !PostgresFault.IsPassing(e) || Stopwatch.GetElapsedTime(began) > Patience)
                    throw PostgresFault.Of(what, e);
            }
            await PauseAsync(attempt);
        }
    });

    /// <inheritdoc cref="RunAsync{T}"/>
    public Task RunAsync(string what, Func<NpgsqlConnection, Task> operation) => RunAsync(what, async connection =>
    {
        await operation(connection);
        return true;
    });

    /// <summary>Waits before an attempt is repeated; longer each time.</summary>
    public static Task PauseAsync(int attempt) => Task.Delay(FirstPause * (1 << Math.Min(attempt - 1, 4)), TimeProvider.System);

    public ValueTask DisposeAsync() => _pool.DisposeAsync();
}
