using Broker.Messages;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Storage.Postgres;

/// <summary>One opening of a topic in PostgreSQL for writing.</summary>
internal sealed class PostgresTopicLog : PostgresTopicReader, ITopicLog
{
    private readonly Lock _lock = new();
    private readonly AppendLane _lane;
    private readonly long _maxBytes;
    private readonly PublishSequences _publishers;
    private readonly Action<PostgresTopicLog> _left;
    private List<PostgresAppend> _waiting = [];
    private LogCount _total;
    private LogCount _committed;
    private LogCount _trimmed;
    private long _assigned;
    private long _taken;
    private long _committedTo;
    private long _waitingBytes;
    private StoreException? _broken;
    private bool _isClosed;

    public PostgresTopicLog(
        PostgresDatabase database,
        PostgresTopic topic,
        AppendLane lane,
        long maxBytes,
        TopicOpening opening,
        Action<PostgresTopicLog> left) : base(database, topic)
    {
        _lane = lane;
        _maxBytes = maxBytes;
        _left = left;
        Epoch = opening.Epoch;
        NextOffset = opening.Next;
        _assigned = opening.Next;
        _taken = opening.End;
        _committedTo = opening.Next;
        AppendedBefore = opening.Total;
        _total = opening.Total;
        _committed = opening.Total;
        _trimmed = opening.Trimmed;
        _publishers = new PublishSequences(opening.Publishers);
        PublisherSequences = opening.Publishers;
    }

    public long Epoch { get; }

    public int Generation => Topic.Generation;

    public string Name => Topic.Name;

    public bool IsDeleted => Topic.IsDeleted;

    public long NextOffset { get; }

    public LogCount AppendedBefore { get; }

    public TopicRecord Record => Topic.Record;

    public IReadOnlyDictionary<long, SequenceWindow> PublisherSequences { get; }

    public long Bytes
    {
        get
        {
            lock (_lock)
                return BytesInLock() - _waitingBytes;
        }
    }

    public ValueTask AppendAsync(MessageBatch batch, long publisher, long sequence, long lowest = 0)
    {
        PostgresAppend pending;
        lock (_lock)
        {
            if (_isClosed)
                return ValueTask.FromException(Refused());
            if (_broken is { } broken)
                return ValueTask.FromException(broken is FencedException ? new FencedException(broken.Message) : new StoreException(broken.Message, broken));
            if (batch.BaseOffset != _assigned)
                throw new ArgumentException($"batch at {batch.BaseOffset} does not follow {_assigned}", nameof(batch));
            if (batch.EndOffset > MessageId.MaxOffset)
                return ValueTask.FromException(new StoreException($"topic {Name} has used up its offsets"));
            if (RefusalInLock(batch.Records.Length) is { } refusal)
            {
                _broken = new StoreException(refusal);
                return ValueTask.FromException(_broken);
            }
            _assigned = batch.EndOffset;
            pending = new PostgresAppend(batch, _total, publisher, sequence, lowest, Database.Metrics?.AppendStart ?? 0, Database.Time.GetTimestamp());
            _total = pending.After;
            _waitingBytes += batch.Records.Length;
            _waiting.Add(pending);
        }
        _lane.Post(this);
        return new ValueTask(pending.Task);
    }

    public string? Refusal(int bytes)
    {
        lock (_lock)
            return RefusalInLock(bytes);
    }

    public async ValueTask VerifyAsync()
    {
        ThrowIfClosed();
        long? epoch = await Database.RunAsync($"cannot ask who has topic {Name} open", async connection =>
        {
            return await connection.AskAsync(Database.Sql.EpochOfTopic, Generation) as long?;
        });
        if (epoch == Epoch)
            return;
        Topic.IsDeleted |= epoch is null;
        throw Refused();
    }

    public async ValueTask SaveRecordAsync(TopicRecord record)
    {
        ThrowIfClosed();
        string what = $"cannot save the record of topic {Name}";
        bool isSaved = await Database.RunAsync(what, async connection =>
        {
            return await connection.ExecuteAsync(
                Database.Sql.SaveRecord, Generation, Epoch, PostgresRecord.Version, PostgresCommands.Json(PostgresRecord.Write(record))) == 1;
        });
        if (!isSaved)
            throw await FencedAsync();
        Topic.Save(record);
    }

    public async ValueTask TrimAsync(long below)
    {
        ThrowIfClosed();
        string what = $"cannot trim topic {Name}";
        // What is removed stays in the index for a while: each look begins behind it.
        long from = Topic.Start;
        for (long removed = Statements.Chunk; removed == Statements.Chunk;)
        {
            bool isOurs;
            (isOurs, removed, from) = await Database.RunAsync(what, connection => TrimAsync(connection, from, below));
            if (!isOurs)
                throw await FencedAsync();
        }
        await Database.RunAsync(what, async connection =>
        {
            await NoteStartAsync(connection);
            await connection.ExecuteAsync(Database.Sql.ForgetPublishers, Generation);
        });
    }

    public async ValueTask DeleteAsync()
    {
        ThrowIfClosed();
        int attempts = 0;
        bool isGone = await Database.RunAsync($"cannot delete topic {Name}", async connection =>
        {
            attempts++;
            return (long)(await connection.AskAsync(Database.Sql.DeleteTopic, Generation, Epoch))! == 1;
        });
        if (!isGone)
        {
            FencedException fenced = await FencedAsync();
            // An attempt whose outcome was unknown may have done it.
            if (attempts == 1 || !Topic.IsDeleted)
                throw fenced;
        }
        Topic.IsDeleted = true;
        Break(Refused());
        _left(this);
    }

    public async ValueTask DisposeAsync()
    {
        bool isIdle;
        long next;
        lock (_lock)
        {
            if (_isClosed)
                return;
            _isClosed = true;
            next = _assigned;
            isIdle = _broken is null && _committedTo == next;
        }
        _left(this);
        // With appends under way the reservation is needed: whoever comes next goes on behind it.
        if (!isIdle || Topic.IsDeleted)
            return;
        try
        {
            await Database.RunAsync($"cannot close topic {Name}", async connection =>
            {
                await connection.ExecuteAsync(Database.Sql.CloseTopic, Generation, Epoch, next);
            });
        }
        catch (StoreException e)
        {
            Database.Log.NotClosed(Name, e.Message);
        }
    }

    /// <summary>Gives away what waits to be written, as much as goes into one statement; null when nothing does.</summary>
    public AppendGroup? TakeWaiting(int maxBytes)
    {
        lock (_lock)
        {
            int count = 0;
            long bytes = 0;
            while (count < _waiting.Count && (count == 0 || bytes + _waiting[count].Batch.Records.Length <= maxBytes))
                bytes += _waiting[count++].Batch.Records.Length;
            if (count == 0)
                return null;
            List<PostgresAppend> taken = _waiting;
            _waiting = [];
            if (count < taken.Count)
            {
                _waiting.AddRange(taken[count..]);
                taken.RemoveRange(count, taken.Count - count);
            }
            Dictionary<long, SequenceWindow> publishers = [];
            foreach (PostgresAppend append in taken)
            {
                if (append.Publisher != 0)
                    publishers[append.Publisher] = _publishers.Add(append.Publisher, append.Sequence, append.Lowest);
            }
            AppendGroup group = new(this, _taken, taken, publishers);
            _taken = group.To;
            return group;
        }
    }

    /// <summary>Whether appends wait to be written.</summary>
    public bool HasWaiting
    {
        get
        {
            lock (_lock)
                return _waiting.Count > 0;
        }
    }

    /// <summary>A group is committed.</summary>
    public void Commit(AppendGroup group)
    {
        lock (_lock)
        {
            _waitingBytes -= group.Bytes;
            _committed = group.Appends[^1].After;
            _committedTo = group.To;
        }
        Topic.Commit(group.To);
        Database.Metrics?.Appended(group.Appends[0].Started, group.To - group.Appends[0].Batch.BaseOffset, group.Bytes);
        foreach (PostgresAppend append in group.Appends)
            append.TrySetResult();
    }

    /// <summary>A group failed, and so do all after it until the topic is opened again.</summary>
    public void Fail(AppendGroup group, StoreException failure)
    {
        Break(failure);
        foreach (PostgresAppend append in group.Appends)
            append.TrySetException(failure);
    }

    /// <summary>A group failed because its topic is gone.</summary>
    public void FailDeleted(AppendGroup group)
    {
        Topic.IsDeleted = true;
        Fail(group, Refused());
    }

    /// <summary>Why this opening may not write, when its row is not as it left it.</summary>
    public FencedException Refused() => Topic.IsDeleted
        ? new FencedException($"topic {Name} was deleted")
        : new FencedException($"topic {Name} was opened by another or closed");

    private void Break(StoreException failure)
    {
        List<PostgresAppend> waiting;
        lock (_lock)
        {
            _broken ??= failure;
            waiting = _waiting;
            _waiting = [];
        }
        foreach (PostgresAppend append in waiting)
            append.TrySetException(failure);
    }

    private void ThrowIfClosed()
    {
        lock (_lock)
        {
            if (_isClosed || Topic.IsDeleted)
                throw Refused();
        }
    }

    private async Task<(bool IsOurs, long Removed, long Next)> TrimAsync(NpgsqlConnection connection, long from, long below)
    {
        await using NpgsqlCommand command = connection.Command(Database.Sql.TrimBatches, Generation, Epoch, below, from);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        await rows.ReadAsync();
        return (rows.GetInt64(0) > 0, rows.GetInt64(1), rows.GetInt64(2));
    }

    private async Task NoteStartAsync(NpgsqlConnection connection)
    {
        // Taken before the rows are looked at, as more of them may come meanwhile.
        long end = Topic.End;
        LogCount committed;
        lock (_lock)
            committed = _committed;
        BatchTotals? first = await FirstAsync(connection);
        long start = first?.BaseOffset ?? end;
        await connection.ExecuteAsync(Database.Sql.NoteStart, Generation, Epoch, start);
        Topic.Trim(start);
        lock (_lock)
            _trimmed = first?.Before ?? committed;
    }

    private async Task<FencedException> FencedAsync()
    {
        bool isThere = await Database.RunAsync($"cannot read topic {Name}", async connection =>
        {
            return await connection.AskAsync(Database.Sql.DescribeTopic, Generation) is not null;
        });
        Topic.IsDeleted |= !isThere;
        return Refused();
    }

    private string? RefusalInLock(int bytes) => _maxBytes > 0 && BytesInLock() + bytes > _maxBytes
        ? $"topic {Name} is full: it may take {_maxBytes} bytes"
        : null;

    private long BytesInLock() => BatchTotals.SizeOf(LogCounts.Minus(_total, _trimmed));
}
