using System.Data;
using System.Globalization;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>
/// One connection that is always open: it holds the schema for this process, as a lock on a data path does, and tells whether the database
/// can be reached.
/// </summary>
/// <remarks>
/// The lock belongs to the session, so it is gone with the process. When the connection breaks, the lock is taken again with the next;
/// writes that went on meanwhile were safe, because every topic has its own epoch. When another process has it by then, this one stops.
/// A schema that is shared has no lock.
/// </remarks>
internal sealed class SchemaOwnership(PostgresDatabase database) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly PostgresSource _source = database.Address.CreateSingle(OwnName);
    private readonly CancellationTokenSource _end = new();
    private NpgsqlConnection? _connection;
    private Task? _watch;

    /// <summary>Whether the database can be reached.</summary>
    public StoreHealth Reach { get; } = new();

    private static string OwnName
    {
        get
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"broker, process {Environment.ProcessId} on {Environment.MachineName}");
            // PostgreSQL keeps 63 bytes of it.
            return name[..Math.Min(63, name.Length)];
        }
    }

    /// <summary>Takes the schema.</summary>
    /// <returns>Who has it instead, or null when it is ours.</returns>
    public async Task<string?> TryTakeAsync()
    {
        if (_connection is not null)
            await _connection.DisposeAsync();
        _connection = null;
        NpgsqlConnection connection = _connection = await _source.OpenAsync();
        // When this machine vanishes, its lock is not to outlive it for long.
        await ExecuteAsync(connection, "select set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false)");
        if (database.IsShared)
            return null;
        string key = AdvisoryKey.Sql("owner", database.Schema);
        if (await ExecuteAsync(connection, $"select pg_try_advisory_lock({key})") is true)
            return null;
        return await ExecuteAsync(connection, OwnerOf(key)) as string ?? "another broker";
    }

    /// <summary>Begins to look after the connection.</summary>
    public void Watch() => _watch = Task.Run(WatchAsync);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_watch is not null)
            await _watch;
        if (_connection is not null)
            await _connection.DisposeAsync();
        await _source.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>Why the schema cannot be had.</summary>
    public static string InUse(string schema, string owner) =>
        $"schema {schema} in PostgreSQL is in use by {owner}; stop that one, or give this broker a schema of its own with --postgres-schema";

    private static async Task<object?> ExecuteAsync(NpgsqlConnection connection, string statement)
    {
        await using NpgsqlCommand command = new(statement, connection);
        return await command.ExecuteScalarAsync();
    }

    private static string OwnerOf(string key) =>
        $"""
        select nullif(a.application_name, '') from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
          and l.database = (select oid from pg_database where datname = current_database())
          and (l.classid::bigint << 32) | l.objid::bigint = {key}
        """;

    private async Task WatchAsync()
    {
        using PeriodicTimer timer = new(Interval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
                await LookAsync();
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The store closes.
        }
    }

    private async Task LookAsync()
    {
        try
        {
            if (_connection is { FullState: ConnectionState.Open } connection)
            {
                await ExecuteAsync(connection, "select 1");
            }
            else
            {
                string? owner = await TryTakeAsync();
                database.Refusal = owner is null ? null : InUse(database.Schema, owner);
                if (owner is not null)
                {
                    // Asked for again at the next tick, over a new connection.
                    await _connection!.CloseAsync();
                    if (Reach.Failure != database.Refusal)
                        database.Log.SchemaLost(database.Refusal!);
                    Reach.Fail(new StoreException(database.Refusal!));
                    return;
                }
            }
            if (Reach.Failure is not null)
            {
                Reach.Heal();
                database.Log.Reached();
            }
        }
        catch (Exception e) when (PostgresFault.IsOfDatabase(e))
        {
            if (_connection is not null)
                await _connection.CloseAsync();
            _source.Forget();
            database.DropConnections();
            Tell($"the store is out of reach: {PostgresFault.Cause(e)}");
        }
    }

    private void Tell(string problem)
    {
        if (Reach.Failure != problem)
            database.Log.Failed(problem);
        Reach.Fail(new StoreException(problem));
    }
}
