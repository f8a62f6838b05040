using System.Collections.Concurrent;
using System.Diagnostics;
using Broker.Policies;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Storage.Postgres;

/// <summary>
/// Keeps messages in a schema of a PostgreSQL database. One process has a schema at a time, unless it is shared by the silos of a cluster;
/// then the epochs of topics and channels say who may write.
/// </summary>
public sealed class PostgresMessageStore : IMessageStore
{
    /// <summary>Closing waits so long for each part of the store: longer than anything takes that has a bound.</summary>
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(20);

    private readonly PostgresDatabase _database;
    private readonly SchemaOwnership _ownership;
    private readonly StorageOptions _options;
    private readonly AppendLane[] _lanes;
    private readonly ProgressWriter _progress;
    private readonly ConcurrentDictionary<int, PostgresTopic> _topics = new();
    private readonly ConcurrentDictionary<int, PostgresTopicLog> _logs = new();
    private readonly DeletedTopics _deleted;
    private int _topicsToLookAt = 256;
    private volatile bool _isClosed;

    private PostgresMessageStore(PostgresDatabase database, SchemaOwnership ownership, StorageOptions options)
    {
        _database = database;
        _ownership = ownership;
        _options = options;
        _lanes = [.. Enumerable.Range(0, PostgresDatabase.Lanes).Select(_ => new AppendLane(database))];
        _progress = new ProgressWriter(database);
        _deleted = new DeletedTopics(database);
    }

    /// <inheritdoc/>
    public string? Failure => _database.Reach.Failure ?? _database.Refusal ?? _database.Failures.Current;

    /// <summary>Hosts, database and schema, without anything secret.</summary>
    public string Location => $"{_database.Address.Description}/{_database.Schema}";

    /// <inheritdoc/>
    public async ValueTask<string?> ProbeAsync()
    {
        try
        {
            await _database.RunAsync("cannot write", async connection =>
            {
                await connection.ExecuteAsync(Sql.Probe);
            });
            _database.Failures.Heal();
            return Failure;
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    private Statements Sql => _database.Sql;

    /// <summary>Opens the schema, making it or bringing it up to this version first.</summary>
    /// <param name="options">Which database, and how it is used.</param>
    /// <param name="storage">How messages are kept; of these only the limit on a topic's bytes counts here.</param>
    /// <param name="logger">Told of all that an operator should know.</param>
    /// <param name="metrics">Told what is measured; null for nobody.</param>
    /// <param name="cancellation">Ends the wait for the database.</param>
    /// <param name="time">The clock; null for the machine's.</param>
    /// <exception cref="StoreException">
    /// The database cannot be reached or used within the time to wait, another process or cluster has the schema, or a newer version made it.
    /// </exception>
    public static async Task<PostgresMessageStore> OpenAsync(
        PostgresOptions options,
        StorageOptions storage,
        ILogger logger,
        StorageMetrics? metrics = null,
        CancellationToken cancellation = default,
        TimeProvider? time = null)
    {
        PostgresLog log = new(logger);
        PostgresDatabase database = new(options, log, metrics, time ?? TimeProvider.System);
        SchemaOwnership ownership = new(database, options.Cluster);
        try
        {
            await TakeAsync(database, ownership, options.StartWait, cancellation);
            PostgresMessageStore store = new(database, ownership, storage);
            await database.RunAsync(
                $"cannot open schema {options.Schema} in PostgreSQL at {database.Address.Description}", connection => store.ReportAsync(connection));
            ownership.Watch();
            store._deleted.Sweep();
            metrics?.Observe(() => (0, store._logs.Values.Sum(static opened => opened.Bytes)));
            return store;
        }
        catch
        {
            await ownership.DisposeAsync();
            await database.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes the schema, or brings it up to this version, without taking it.</summary>
    /// <param name="options">Which database.</param>
    /// <param name="cancellation">Ends the wait for the database.</param>
    /// <returns>The schema's version before, 0 for none, and now.</returns>
    /// <exception cref="StoreException">The database cannot be reached or used within the time to wait, or a newer version made the schema.</exception>
    public static async Task<(int Before, int Now)> PrepareAsync(PostgresOptions options, CancellationToken cancellation = default)
    {
        int before = 0;
        await PrepareAsync(options, async connection => before = await new PostgresSchema(options.Schema).PrepareAsync(connection), cancellation);
        return (before, PostgresSchema.Version);
    }

    /// <summary>Has something done in the database, as long as there is hope to reach it.</summary>
    /// <param name="options">Which database.</param>
    /// <param name="prepare">What is done; may be done again when the connection broke.</param>
    /// <param name="cancellation">Ends the wait for the database.</param>
    /// <exception cref="StoreException">The database cannot be reached or used within the time to wait.</exception>
    public static async Task PrepareAsync(PostgresOptions options, Func<NpgsqlConnection, Task> prepare, CancellationToken cancellation = default)
    {
        await using PostgresDatabase database = new(options, new PostgresLog(NullLogger.Instance), null, TimeProvider.System);
        await using PostgresSource source = database.Address.CreateSingle("broker");
        long began = Stopwatch.GetTimestamp();
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await using NpgsqlConnection connection = await source.OpenAsync(cancellation);
                await prepare(connection);
                return;
            }
            catch (Exception e) when (PostgresFault.IsOfDatabase(e))
            {
                source.Forget();
                if (!PostgresFault.IsPassing(e) || Stopwatch.GetElapsedTime(began) >= options.StartWait)
                    throw new StoreException($"cannot open schema {options.Schema} in PostgreSQL at {database.Address.Description}: {PostgresFault.Cause(e)}");
            }
            await database.PauseAsync(attempt);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    /// <summary>The number that the schema keeps for message ids.</summary>
    /// <param name="derived">What to keep when there is none yet.</param>
    /// <exception cref="StoreException">It cannot be read or written.</exception>
    public Task<int> NodeNumberAsync(int derived) => _database.RunAsync("cannot keep the node's number", async connection =>
    {
        if (await connection.AskAsync(Sql.ReadNode) is int known)
            return known;
        return (int)(await connection.AskAsync(Sql.KeepNode, derived))!;
    });

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ListTopicsAsync() => await _database.RunAsync("cannot list the topics", async connection =>
    {
        List<string> names = [];
        await using NpgsqlCommand command = new(Sql.ListTopics, connection);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            names.Add(rows.GetString(0));
        return names;
    });

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<string>> ListChannelsAsync(string topic) =>
        await _database.RunAsync($"cannot list the channels of topic {topic}", async connection =>
        {
            await using NpgsqlCommand command = connection.Command(Sql.ReadRecord, topic);
            await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
            return await rows.ReadAsync()
                ? PostgresRecord.Read(topic, rows.GetInt32(0), rows.GetString(1)).Channels.Select(channel => channel.Name).ToList()
                : [];
        });

    /// <inheritdoc/>
    public async ValueTask<ITopicLog?> OpenTopicAsync(string topic, bool create)
    {
        ThrowIfClosed();
        return await _database.RunAsync($"cannot open topic {topic}", async connection =>
        {
            ITopicLog? log = await TakeOverAsync(connection, topic);
            if (log is not null || !create)
                return log;
            await connection.ExecuteAsync(
                Sql.MakeTopic, topic, PostgresRecord.Version, PostgresCommands.Json(PostgresRecord.Write(new TopicRecord())));
            return await TakeOverAsync(connection, topic);
        });
    }

    /// <inheritdoc/>
    public async ValueTask<ITopicReader?> OpenReaderAsync(string topic, int generation)
    {
        ThrowIfClosed();
        return await _database.RunAsync($"cannot open topic {topic}", async connection =>
        {
            await using NpgsqlCommand find = connection.Command(Sql.FindTopic, topic, generation);
            await using NpgsqlDataReader rows = await find.ExecuteReaderAsync();
            if (!await rows.ReadAsync())
                return (ITopicReader?)null;
            PostgresTopic found = TopicOf(topic, generation);
            found.Observe(found.Saves, rows.GetInt64(0), rows.GetInt64(1), rows.GetInt32(2), rows.GetString(3));
            return new PostgresTopicReader(_database, found);
        });
    }

    /// <inheritdoc/>
    public async ValueTask<IChannelProgress> OpenChannelAsync(string topic, int generation, string channel, long incarnation)
    {
        ThrowIfClosed();
        return await _database.RunAsync($"cannot open channel {channel} of topic {topic}", async connection =>
        {
            ChannelOpening opening = await ChannelOpening.TakeOverAsync(_database, connection, topic, generation, channel, incarnation);
            return new PostgresChannelProgress(_database, TopicOf(topic, generation), _progress, channel, incarnation, opening);
        });
    }

    /// <inheritdoc/>
    public async ValueTask DeleteChannelAsync(string topic, int generation, string channel, long incarnation) =>
        await _database.RunAsync($"cannot delete channel {channel} of topic {topic}", async connection =>
        {
            await connection.ExecuteAsync(Sql.DeleteChannel, generation, channel, incarnation);
        });

    /// <summary>Writes what is noted, and gives the schema free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isClosed)
            return;
        _isClosed = true;
        _deleted.Stop();
        foreach (AppendLane lane in _lanes)
            await CloseAsync("what is appended", lane.CloseAsync());
        await CloseAsync("what is noted of channels", _progress.CloseAsync());
        await CloseAsync("what deleted topics have left", _deleted.Ended);
        await _ownership.DisposeAsync();
        await _database.DisposeAsync();
    }

    private async Task CloseAsync(string what, Task closing)
    {
        try
        {
            await closing.WaitAsync(ClosePatience, _database.Time);
        }
        catch (TimeoutException)
        {
            _database.Log.CloseAbandoned(what);
        }
    }

    /// <summary>Reaches the database, makes the schema and takes it, as long as there is hope.</summary>
    private static async Task TakeAsync(PostgresDatabase database, SchemaOwnership ownership, TimeSpan wait, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        bool isTold = false;
        await using PostgresSource source = database.Address.CreateSingle("broker");
        for (int attempt = 1; ; attempt++)
        {
            string problem;
            bool isPassing;
            bool isTaken = false;
            try
            {
                await using (NpgsqlConnection connection = await source.OpenAsync(cancellation))
                    await new PostgresSchema(database.Schema).PrepareAsync(connection);
                if (await ownership.TryTakeAsync() is not { } refusal)
                    return;
                problem = refusal;
                isPassing = true;
                isTaken = true;
            }
            catch (Exception e) when (PostgresFault.IsOfDatabase(e))
            {
                problem = $"cannot open schema {database.Schema} in PostgreSQL at {database.Address.Description}: {PostgresFault.Cause(e)}";
                isPassing = PostgresFault.IsPassing(e);
                source.Forget();
            }
            TimeSpan left = wait - Stopwatch.GetElapsedTime(began);
            if (!isPassing || left <= TimeSpan.Zero)
                throw new StoreException(problem);
            // A process that was killed a moment ago still has its connection, for a moment.
            if (!isTold && (!isTaken || attempt == 3))
            {
                isTold = true;
                database.Log.Waiting(problem, Math.Ceiling(left.TotalSeconds));
            }
            await database.PauseAsync(attempt);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private PostgresTopic TopicOf(string topic, int generation)
    {
        PostgresTopic found = _topics.GetOrAdd(generation, static (number, name) => new PostgresTopic(name, number), topic);
        if (_topics.Count >= Volatile.Read(ref _topicsToLookAt))
        {
            Volatile.Write(ref _topicsToLookAt, int.MaxValue);
            _deleted.Run(ForgetDeletedAsync);
        }
        return found;
    }

    /// <summary>Forgets topics that others have deleted.</summary>
    private async Task ForgetDeletedAsync()
    {
        int[] known = [.. _topics.Keys];
        HashSet<int> there = await _deleted.FindKnownAsync(known);
        foreach (int generation in known)
        {
            if (!there.Contains(generation))
                _topics.TryRemove(generation, out _);
        }
        Volatile.Write(ref _topicsToLookAt, Math.Max(256, 2 * there.Count));
    }

    private void ThrowIfClosed()
    {
        if (_isClosed)
            throw new StoreException("the store is closed");
    }

    private async Task ReportAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = new(
            $"select current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes'), (select count(*) from \"{_database.Schema}\".topics)",
            connection);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        await rows.ReadAsync();
        if (rows.GetString(0) == "off")
            _database.Log.Unsafe("synchronous_commit", "off", "a crash of the server loses what was acknowledged in its last moment; set it to on");
        if (rows.GetString(1) == "off")
            _database.Log.Unsafe("fsync", "off", "a power cut may lose everything; set it to on");
        if (rows.GetString(2) == "off")
            _database.Log.Unsafe("full_page_writes", "off", "a power cut may damage what is stored; set it to on");
        _database.Log.Opened(connection.PostgreSqlVersion.ToString(), _database.Address.Description, _database.Schema, rows.GetInt64(3));
    }

    private async Task<ITopicLog?> TakeOverAsync(NpgsqlConnection connection, string name)
    {
        PostgresTopic topic;
        long epoch;
        long end;
        long next;
        await using (NpgsqlCommand takeOver = connection.Command(Sql.TakeOverTopic, name))
        {
            await using NpgsqlDataReader rows = await takeOver.ExecuteReaderAsync();
            if (!await rows.ReadAsync())
                return null;
            topic = TopicOf(name, rows.GetInt32(0));
            long saves = topic.Saves;
            epoch = rows.GetInt64(1);
            end = rows.GetInt64(3);
            topic.Observe(saves, rows.GetInt64(2), end, rows.GetInt32(4), rows.GetString(5));
            next = rows.GetInt64(6);
        }
        // Offsets that were given out are not given out again, even by a server that has forgotten them.
        if (topic.End > end || topic.Epoch >= epoch)
        {
            if (topic.End > end)
                _database.Log.OffsetsLost(name, topic.End - end, Math.Max(next, topic.End));
            end = Math.Max(end, topic.End);
            long raised = Math.Max(epoch, topic.Epoch + 1);
            if (await connection.ExecuteAsync(Sql.RaiseTopic, topic.Generation, epoch, end, raised) == 0)
                throw new FencedException($"topic {name} was opened by another");
            epoch = raised;
        }
        topic.RaiseEpoch(epoch);
        TopicOpening opening = await TopicOpening.ReadAsync(Sql, connection, topic, epoch, end, Math.Max(next, end));
        return _logs[topic.Generation] = new PostgresTopicLog(
            _database, topic, _lanes[topic.Generation % PostgresDatabase.Lanes], _options.MaxTopicBytes, opening, Leave);
    }

    /// <summary>An opening ended. What its topic has left, if it was deleted, is removed in the background.</summary>
    private void Leave(PostgresTopicLog log)
    {
        _logs.TryRemove(new KeyValuePair<int, PostgresTopicLog>(log.Generation, log));
        if (log.IsDeleted && _topics.TryRemove(log.Generation, out _))
            _deleted.Sweep();
    }
}
