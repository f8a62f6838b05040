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
/// or all of it was, and then the row says so. Whatever is thrown fails the appends under way, never the lane.
/// </remarks>
internal sealed class AppendLane(PostgresDatabase database)
{
    /// <summary>Bytes of records that go into one transaction.</summary>
    private const int MaxBytes = 4 << 20;

    private readonly Lock _lock = new();
    private HashSet<PostgresTopicLog> _posted = [];
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private NpgsqlConnection? _connection;
    private int _connectionAge;
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
            try
            {
                await WriteAsync(groups);
            }
            catch (Exception e)
            {
                foreach (AppendGroup group in groups)
                    group.Log.Fail(group, new StoreException($"cannot write topic {group.Log.Name}: {PostgresFault.Cause(e)}", e));
            }
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

    private async Task WriteAsync(IReadOnlyList<AppendGroup> groups)
    {
        for (int attempt = 1; groups.Count > 0; attempt++)
        {
            try
            {
                if (database.Refusal is { } refusal)
                    throw new StoreException(refusal);
                groups = await SendAsync(groups);
                if (groups.Count > 0)
                    await JudgeAsync(groups);
                database.Failures.Heal();
                return;
            }
            catch (Exception e)
            {
                await DisconnectAsync();
                if (PostgresFault.IsOfConnection(e))
                    database.DropConnections();
                if (!PostgresFault.IsPassing(e))
                {
                    await WriteApartAsync(groups, e);
                    return;
                }
                groups = FailLate(groups, e);
                if (attempt == 2 && groups.Count > 0 && database.Failures.Current is null)
                    database.Log.AppendRetried(groups[0].Log.Name, PostgresFault.Cause(e));
            }
            if (groups.Count > 0)
                await database.PauseAsync(attempt);
        }
    }

    /// <summary>The database refuses something: what one topic wants is no reason to fail the others.</summary>
    private async Task WriteApartAsync(IReadOnlyList<AppendGroup> groups, Exception e)
    {
        if (groups.Count == 1 || e is StoreException)
        {
            Fail(groups, e);
            return;
        }
        foreach (AppendGroup group in groups)
            await WriteAsync([group]);
    }

    /// <summary>Fails those whose publishers have waited long enough; returns the others.</summary>
    private List<AppendGroup> FailLate(IReadOnlyList<AppendGroup> groups, Exception e)
    {
        List<AppendGroup> late = [];
        List<AppendGroup> left = [];
        foreach (AppendGroup group in groups)
            (Left(group) <= TimeSpan.Zero ? late : left).Add(group);
        Fail(late, e);
        return left;
    }

    private TimeSpan Left(AppendGroup group) => database.Left(group.Appends[0].Posted);

    /// <summary>Writes all groups in one transaction; returns those whose topic's row was not as they expected.</summary>
    private async Task<List<AppendGroup>> SendAsync(IReadOnlyList<AppendGroup> groups)
    {
        long start = database.Metrics?.WriteStart ?? 0;
        bool[] written = await BoundedAsync(groups, connection => ExecuteAsync(connection, groups));
        database.Metrics?.Written(start);
        List<AppendGroup> refused = [];
        for (int i = 0; i < groups.Count; i++)
        {
            if (written[i])
                groups[i].Log.Commit(groups[i]);
            else
                refused.Add(groups[i]);
        }
        return refused;
    }

    private async Task<bool[]> ExecuteAsync(NpgsqlConnection connection, IReadOnlyList<AppendGroup> groups)
    {
        await using NpgsqlBatch batch = new(connection);
        foreach (AppendGroup group in groups)
            batch.BatchCommands.Add(group.CreateCommand(database.Sql));
        await batch.ExecuteNonQueryAsync();
        bool[] written = new bool[groups.Count];
        for (int i = 0; i < written.Length; i++)
            written[i] = batch.BatchCommands[i].RecordsAffected == groups[i].Count;
        return written;
    }

    /// <summary>Finds out why groups were refused: they are committed already, or another has taken over.</summary>
    private async Task JudgeAsync(IReadOnlyList<AppendGroup> groups)
    {
        Dictionary<int, (long Epoch, long End)> rows = await BoundedAsync(groups, connection => ConfirmAsync(connection, groups));
        foreach (AppendGroup group in groups)
        {
            if (!rows.TryGetValue(group.Log.Generation, out (long Epoch, long End) row))
                group.Log.FailDeleted(group);
            else if (row.Epoch != group.Log.Epoch)
                group.Log.Fail(group, group.Log.Refused());
            else if (row.End == group.To)
                group.Log.Commit(group);
            else
                group.Log.Fail(group, new StoreException($"cannot write topic {group.Log.Name}: in PostgreSQL it ends at {row.End}, not at {group.Before}"));
        }
    }

    private async Task<Dictionary<int, (long Epoch, long End)>> ConfirmAsync(NpgsqlConnection connection, IReadOnlyList<AppendGroup> groups)
    {
        Dictionary<int, (long Epoch, long End)> rows = [];
        await using NpgsqlCommand command = connection.Command(database.Sql.ConfirmTopics, groups.Select(group => group.Log.Generation).ToArray());
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            rows[reader.GetInt32(0)] = (reader.GetInt64(1), reader.GetInt64(2));
        return rows;
    }

    /// <summary>
    /// Does something that has an outcome, whatever becomes of the connection: when the database is out of reach, or nothing was heard for
    /// longer than any command may take, the connection is left to itself.
    /// </summary>
    private async Task<T> BoundedAsync<T>(IReadOnlyList<AppendGroup> groups, Func<NpgsqlConnection, Task<T>> work)
    {
        CancellationToken lost = database.Reach.Lost;
        NpgsqlConnection connection = await ConnectAsync(groups.Min(Left));
        _isInDoubt = false;
        Task<T> running = work(connection);
        T result;
        try
        {
            result = await running.WaitAsync(database.Address.CommandTimeout, database.Time, lost);
        }
        catch (Exception) when (!running.IsCompleted)
        {
            _connection = null;
            connection.Notice -= OnNotice;
            _ = PostgresSource.LeaveAsync(Task.FromResult(connection), running);
            throw;
        }
        if (_isInDoubt)
            throw new TimeoutException("the commit was not confirmed by the standby");
        database.Reach.Answered();
        return result;
    }

    private void Fail(IReadOnlyList<AppendGroup> groups, Exception e)
    {
        foreach (AppendGroup group in groups)
        {
            StoreException failure = new($"cannot write topic {group.Log.Name}: {(e is StoreException ? e.Message : PostgresFault.Cause(e))}", e);
            database.Failures.Add(failure);
            database.Metrics?.Failed();
            group.Log.Fail(group, failure);
        }
    }

    private async Task<NpgsqlConnection> ConnectAsync(TimeSpan left)
    {
        // A connection from before others were found broken is likely broken too.
        if (_connectionAge != database.Age)
            await DisconnectAsync();
        if (_connection is not null)
            return _connection;
        _connectionAge = database.Age;
        NpgsqlConnection connection = await database.ConnectAsync(left);
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
