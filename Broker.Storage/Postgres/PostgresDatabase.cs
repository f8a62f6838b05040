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
    /// <summary>Connections that are kept for one purpose each, so that it never waits for others: those of the lanes.</summary>
    public const int Lanes = 4;

    private const int Attempts = 4;

    /// <summary>What takes so long is not tried again. With one last attempt, whoever waits is told of the cause within 3 s.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);

    /// <summary>What the last attempt to connect has at least.</summary>
    private static readonly TimeSpan ConnectAtLeast = TimeSpan.FromSeconds(0.5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private volatile Pool _pool;
    private volatile string? _refusal;
    private int _age;

    public PostgresDatabase(PostgresOptions options, PostgresLog log, StorageMetrics? metrics, TimeProvider time)
    {
        Time = time;
        Reach = new PostgresReach(time);
        Address = PostgresAddress.Parse(options.ConnectionString);
        Schema = options.Schema;
        IsShared = options.IsShared;
        Log = log;
        Metrics = metrics;
        Failures = new WriteFailures(log, time);
        Sql = new Statements(options.Schema);
        _pool = new Pool(Address);
    }

    public PostgresAddress Address { get; }

    public string Schema { get; }

    /// <summary>Whether other processes write here too.</summary>
    public bool IsShared { get; }

    public PostgresLog Log { get; }

    public TimeProvider Time { get; }

    /// <summary>Whether the database answers.</summary>
    public PostgresReach Reach { get; }

    /// <summary>Changes when connections were found broken: one of an earlier age is not to be used any more.</summary>
    public int Age => Volatile.Read(ref _age);

    public Statements Sql { get; }

    /// <summary>What was to be written and is not.</summary>
    public WriteFailures Failures { get; }

    /// <summary>Told what is measured; null when nothing is.</summary>
    public StorageMetrics? Metrics { get; }

    /// <summary>Why nothing may be done here any more; null while all may.</summary>
    public string? Refusal
    {
        get => _refusal;
        set => _refusal = value;
    }

    /// <summary>A connection of the pool.</summary>
    /// <param name="limit">How long to wait for it; a little longer when that is too short to try at all.</param>
    /// <exception cref="TimeoutException">There is none by then.</exception>
    public async ValueTask<NpgsqlConnection> ConnectAsync(TimeSpan limit)
    {
        // Npgsql does not look at a token while it logs in.
        Task<NpgsqlConnection> opening = _pool.Source.OpenAsync(CancellationToken.None).AsTask();
        try
        {
            return await opening.WaitAsync(limit > ConnectAtLeast ? limit : ConnectAtLeast, Time);
        }
        catch (TimeoutException) when (!opening.IsCompleted)
        {
            _ = PostgresSource.LeaveAsync(opening);
            throw;
        }
    }

    /// <summary>Lets go of all idle connections, as they are broken when one of them is.</summary>
    public void DropConnections()
    {
        Interlocked.Increment(ref _age);
        _pool.Source.Forget();
    }

    /// <summary>
    /// Begins with new connections. Those on which an answer is waited for are left to themselves: they end when the answer comes, or when the
    /// system gives up. To cancel what they do would mean to ask the server to.
    /// </summary>
    public async Task RenewAsync()
    {
        Pool old = Interlocked.Exchange(ref _pool, new Pool(Address));
        Interlocked.Increment(ref _age);
        await old.Source.DisposeAsync();
    }

    /// <summary>How long whoever has waited since a time of the clock goes on waiting.</summary>
    public TimeSpan Left(long since) => Patience - Time.GetElapsedTime(since);

    /// <summary>Does something that may be done again when its outcome is unknown.</summary>
    /// <param name="what">What cannot be done if it fails, such as <c>cannot open topic t</c>.</param>
    /// <param name="operation">What to do with a connection.</param>
    /// <exception cref="StoreException">It failed.</exception>
    public Task<T> RunAsync<T>(string what, Func<NpgsqlConnection, Task<T>> operation) => Task.Run(async () =>
    {
        long began = Time.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            if (Refusal is { } refusal)
                throw new StoreException($"{what}: {refusal}");
            CancellationToken lost = Reach.Lost;
            Pool pool = _pool;
            try
            {
                if (!await pool.Free.WaitAsync(Address.CommandTimeout, lost))
                    throw new StoreException($"{what}: all connections to PostgreSQL are in use; raise Maximum Pool Size in the connection string");
                // An attempt that is given up ends by itself, and only then gives back its connection.
                return await AttemptAsync(pool, operation, Left(began)).WaitAsync(Address.CommandTimeout, Time, lost);
            }
            catch (Exception e) when (PostgresFault.IsOfDatabase(e))
            {
                if (PostgresFault.IsOfConnection(e))
                    DropConnections();
                if (attempt == Attempts || !PostgresFault.IsPassing(e) || Left(began) <= TimeSpan.Zero)
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
    public Task PauseAsync(int attempt) => Task.Delay(FirstPause * (1 << Math.Min(attempt - 1, 4)), Time);

    public ValueTask DisposeAsync() => _pool.Source.DisposeAsync();

    private async Task<T> AttemptAsync<T>(Pool pool, Func<NpgsqlConnection, Task<T>> operation, TimeSpan limit)
    {
        try
        {
            await using NpgsqlConnection connection = await ConnectAsync(limit);
            T result = await operation(connection);
            Reach.Answered();
            return result;
        }
        finally
        {
            pool.Free.Release();
        }
    }

    /// <summary>Connections, and how many of them may be had beside those of the lanes.</summary>
    private sealed class Pool(PostgresAddress address)
    {
        public PostgresSource Source { get; } = address.CreatePool();

        public SemaphoreSlim Free { get; } = new(Math.Max(1, address.PoolSize - Lanes));
    }
}
