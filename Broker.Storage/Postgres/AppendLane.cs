using System.Diagnostics;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>
/// Writes the appends of some topics over one connection: all that wait when the transaction before has ended become the next one. A
/// topic always has the same lane, so its appends stay in order; the lanes go on beside each other, and the server shares its fsyncs among
/// them.
/// </summary>
/// <remarks>
/// A transaction is one pipelined batch, one statement a topic: there and back once, however many topics it has. Each statement goes by
/// epoch and end of its topic, so trying it again when its outcome is unknown is harmless: either nothing of it was done, and now it is;
/// or all of it was, and then the row says so.
/// </remarks>
internal sealed class AppendLane(PostgresDatabase database)
{
    /// <summary>Bytes of records that go into one transaction.</summary>
    private const int MaxBytes = 4 << 20;

    /// <summary>What passes by is waited for so long, while clients are still patient: a restart of the server, a failover.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private HashSet<PostgresTopicLog> _posted = [];
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private NpgsqlConnection? _connection;
    private volatile bool _isInDoubt;

    /// <summary>A log has something to write.</summary>
    public void Post(PostgresTopicLog log)
    {
        lock (_lock)
        {
            _posted.Add(log);
            if (_isRunning)
                return;
            _isRunning = true;
            _running = Task.Run(RunAsync);
        }
    }

    /// <summary>Writes what waits, and lets the connection go.</summary>
    public async Task CloseAsync()
    {
        Task running;
        lock (_lock)
            running = _running;
        await running;
        await DisconnectAsync();
    }

    private async Task RunAsync()
    {
        while (true)
        {
            HashSet<PostgresTopicLog> posted;
            lock (_lock)
            {
                if (_posted.Count == 0)
                {
                    _isRunning = false;
                    return;
                }
                posted = _posted;
                _posted = [];
            }
            List<AppendGroup> groups = Take(posted);
            if (groups.Count > 0)
                await WriteAsync(groups);
        }
    }

    private List<AppendGroup> Take(HashSet<PostgresTopicLog> posted)
    {
        List<AppendGroup> groups = [];
        long bytes = 0;
        foreach (PostgresTopicLog log in posted)
        {
            AppendGroup? group = bytes < MaxBytes ? log.TakeWaiting(MaxBytes) : null;
            if (group is not null)
            {
                groups.Add(group);
                bytes += group.Bytes;
            }
            if (log.HasWaiting)
                Post(log);
        }
        // In one order everywhere, so that two processes never wait for each other's rows.
        groups.Sort((a, b) => a.Log.Generation.CompareTo(b.Log.Generation));
        return groups;
    }

    private async Task WriteAsync(List<AppendGroup> groups)
    {
        long began = Stopwatch.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (database.Refusal is { } refusal)
                    throw new StoreException(refusal);
                groups = await SendAsync(groups);
                if (groups.Count > 0)
                    await JudgeAsync(groups);
                database.Writing.Heal();
                return;
            }
            catch (Exception e) when (PostgresFault.IsOfDatabase(e) || e is StoreException)
            {
                await DisconnectAsync();
                if (PostgresFault.IsOfConnection(e))
                    database.DropConnections();
                if (!PostgresFault.IsPassing(e) || Stopwatch.GetElapsedTime(began) > Patience)
                {
                    Fail(groups, e);
                    return;
                }
                if (attempt == 2)
                    database.Log.AppendRetried(groups[0].Log.Name, PostgresFault.Cause(e));
            }
            await PostgresDatabase.PauseAsync(attempt);
        }
    }

    /// <summary>Writes all groups in one transaction; returns those whose topic's row was not as they expected.</summary>
    private async Task<List<AppendGroup>> SendAsync(List<AppendGroup> groups)
    {
        NpgsqlConnection connection = await ConnectAsync();
        await using NpgsqlBatch batch = new(connection);
        foreach (AppendGroup group in groups)
            batch.BatchCommands.Add(group.CreateCommand(database.Sql));
        _isInDoubt = false;
        long start = database.Metrics?.WriteStart ?? 0;
        await batch.ExecuteNonQueryAsync();
        if (_isInDoubt)
            throw new TimeoutException("the commit was not confirmed by the standby");
        database.Metrics?.Written(start);
        List<AppendGroup> refused = [];
        for (int i = 0; i < groups.Count; i++)
        {
            if (batch.BatchCommands[i].RecordsAffected == groups[i].Count)
                groups[i].Log.Commit(groups[i]);
            else
                refused.Add(groups[i]);
        }
        return refused;
    }

    /// <summary>Finds out why groups were refused: they are committed already, or another has taken over.</summary>
    private async Task JudgeAsync(List<AppendGroup> groups)
    {
        Dictionary<int, (long Epoch, long End)> rows = [];
        await using (NpgsqlCommand command = new(database.Sql.ConfirmTopics, await ConnectAsync()))
        {
            command.Parameters.Add(new() { Value = groups.Select(group => group.Log.Generation).ToArray() });
            _isInDoubt = false;
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                rows[reader.GetInt32(0)] = (reader.GetInt64(1), reader.GetInt64(2));
        }
        if (_isInDoubt)
            throw new TimeoutException("the commit was not confirmed by the standby");
        foreach (AppendGroup group in groups)
        {
            if (!rows.TryGetValue(group.Log.Generation, out (long Epoch, long End) row))
                group.Log.FailDeleted(group);
            else if (row.Epoch != group.Log.Epoch)
                group.Log.Fail(group, group.Log.Refused());
            else if (row.End == group.To)
                group.Log.Commit(group);
            else
                group.Log.Fail(group, new StoreException($"cannot write topic {group.Log.Name}: in PostgreSQL it ends at {row.End}, not at {group.From}"));
        }
    }

    private void Fail(List<AppendGroup> groups, Exception e)
    {
        foreach (AppendGroup group in groups)
        {
            StoreException failure = new($"cannot write topic {group.Log.Name}: {(e is StoreException ? e.Message : PostgresFault.Cause(e))}", e);
            if (database.Writing.Failure != failure.Message)
                database.Log.Failed(failure.Message);
            database.Writing.Fail(failure);
            database.Metrics?.Failed();
            group.Log.Fail(group, failure);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        if (_connection is not null)
            return _connection;
        NpgsqlConnection connection = await database.ConnectAsync();
        connection.Notice += OnNotice;
        return _connection = connection;
    }

    private async Task DisconnectAsync()
    {
        if (_connection is not { } connection)
            return;
        _connection = null;
        connection.Notice -= OnNotice;
        await connection.DisposeAsync();
    }

    // A commit whose wait for a standby is cancelled succeeds with a warning. To whoever was promised a standby it has not happened yet.
    private void OnNotice(object sender, NpgsqlNoticeEventArgs e) => _isInDoubt |= e.Notice.InvariantSeverity == "WARNING";
}
