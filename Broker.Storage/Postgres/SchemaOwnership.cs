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
/// The silos of a cluster hold it together; the schema says which cluster that is, and another one gets it only when none of them has it.
/// </remarks>
internal sealed class SchemaOwnership(PostgresDatabase database, string? cluster) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    /// <summary>An answer that takes longer has not come: with the interval, the database is found out of reach within 2.5 s.</summary>
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(2);

    /// <summary>At the start nobody waits yet.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(10);

    private readonly PostgresSource _source = database.Address.CreateSingle(OwnName);
    private readonly CancellationTokenSource _end = new();
    private NpgsqlConnection? _connection;
    private Task<string?>? _look;
    private Task? _watch;

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
    /// <returns>Why it cannot be had, or null when it is ours.</returns>
    public Task<string?> TryTakeAsync() => TryTakeAsync(StartTime);

    private async Task<string?> TryTakeAsync(TimeSpan connectTime)
    {
        await DisconnectAsync();
        using CancellationTokenSource late = new(connectTime, database.Time);
        NpgsqlConnection connection = _connection = await _source.OpenAsync(late.Token);
        // When this machine vanishes, its lock is not to outlive it for long.
        await ExecuteAsync(connection, "select set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false), set_config('tcp_keepalives_count', '3', false)");
        string key = AdvisoryKey.Sql("owner", database.Schema);
        string kind = database.IsShared ? "_shared" : "";
        if (await ExecuteAsync(connection, $"select pg_try_advisory_lock{kind}({key})") is not true)
            return InUse(database.Schema, await ExecuteAsync(connection, OwnerOf(key)) as string ?? "another broker");
        return cluster is null || !database.IsShared ? null : await JoinAsync(connection, key, cluster);
    }

    /// <summary>Makes sure that the schema is this cluster's, which shares its lock.</summary>
    private async Task<string?> JoinAsync(NpgsqlConnection connection, string key, string own)
    {
        string? known = await ExecuteAsync(connection, database.Sql.KeepCluster, own) as string;
        if (known == own)
            return null;
        // Whoever gets the lock alone finds none of the other cluster's silos alive.
        await ExecuteAsync(connection, $"select pg_advisory_unlock_shared({key})");
        if (await ExecuteAsync(connection, $"select pg_try_advisory_lock({key})") is not true)
            return $"schema {database.Schema} in PostgreSQL belongs to cluster {known}; give cluster {own} a schema of its own with --postgres-schema";
        await ExecuteAsync(connection, database.Sql.ChangeCluster, own);
        await ExecuteAsync(connection, $"select pg_advisory_lock_shared({key}), pg_advisory_unlock({key})");
        return null;
    }

    /// <summary>Begins to look after the connection.</summary>
    public void Watch() => _watch = Task.Run(WatchAsync);

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_watch is not null)
            await _watch;
        await DisconnectAsync();
        await _source.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>Why the schema cannot be had.</summary>
    private static string InUse(string schema, string owner) =>
        $"schema {schema} in PostgreSQL is in use by {owner}; stop that one, or give this broker a schema of its own with --postgres-schema";

    // What is shared is left to itself when it is late. A lock of one's own ends only with its connection, and that only with a command's timeout,
    // which costs a thread for a moment.
    private async Task<object?> ExecuteAsync(NpgsqlConnection connection, string statement, params string[] parameters)
    {
        await using NpgsqlCommand command = new(statement, connection);
        if (database.IsShared)
            command.CommandTimeout = 0;
        foreach (string parameter in parameters)
            command.Parameters.Add(new() { Value = parameter });
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
        using PeriodicTimer timer = new(Interval, database.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_end.Token))
                await LookAsync();
        }
        catch (Exception) when (_end.IsCancellationRequested)
        {
            // The store closes.
        }
    }

    private async Task LookAsync()
    {
        Task<string?> look = _look ??= AskAsync();
        try
        {
            string? refusal = await look.WaitAsync(AnswerTime, database.Time, _end.Token);
            _look = null;
            if (refusal is not null && database.Refusal != refusal)
                database.Log.SchemaLost(refusal);
            database.Refusal = refusal;
            // Asked for again at the next tick, over a new connection.
            if (refusal is not null)
                await DisconnectAsync();
            database.Reach.Answered();
            Heal();
            database.Failures.TellIfOver();
        }
        catch (Exception e) when (!_end.IsCancellationRequested)
        {
            bool isLate = !look.IsCompleted;
            // The lock of a process that has the schema for itself is that connection's, so its answer is waited for.
            if (!isLate || database.IsShared)
                await DisconnectAsync();
            if (isLate && database.Reach.Silence < AnswerTime)
            {
                // A slow answer on one connection is no sign while others are answered.
                Heal();
                return;
            }
            _source.Forget();
            if (isLate)
                await database.RenewAsync();
            else
                database.DropConnections();
            string problem = $"the store is out of reach: {PostgresFault.Cause(e)}";
            if (database.Reach.Failure != problem)
                database.Log.Failed(problem);
            database.Reach.Lose(problem);
        }
    }

    private async Task<string?> AskAsync()
    {
        if (_connection is not { FullState: ConnectionState.Open } connection)
            return await TryTakeAsync(AnswerTime);
        await ExecuteAsync(connection, "select 1");
        return null;
    }

    private void Heal()
    {
        if (database.Reach.Failure is null)
            return;
        database.Reach.Heal();
        database.Log.Reached();
    }

    private async Task DisconnectAsync()
    {
        Task<string?>? look = _look;
        NpgsqlConnection? connection = _connection;
        // What is still on its way to a connection has a bound of its own.
        if (connection is null && look is { IsCompleted: false })
            return;
        _look = null;
        _connection = null;
        if (connection is null)
            return;
        if (look is { IsCompleted: false })
            _ = PostgresSource.LeaveAsync(Task.FromResult(connection), look);
        else
            await connection.DisposeAsync();
    }
}
