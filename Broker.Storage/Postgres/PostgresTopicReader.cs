using Broker.Messages;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>Reads a topic that is kept in PostgreSQL.</summary>
internal class PostgresTopicReader(PostgresDatabase database, PostgresTopic topic) : ITopicReader
{
    private const int MinBatches = 16;
    private const int MaxBatches = 1024;

    private long _averageBytes = 4096;

    public long Start => topic.Start;

    public long End => topic.End;

    public IReadOnlyList<OffsetRange> Hidden => topic.Record.Hidden;

    protected PostgresDatabase Database => database;

    protected PostgresTopic Topic => topic;

    private Statements Sql => database.Sql;

    public async ValueTask<LogRead> ReadAsync(long from, long to, int maxBytes)
    {
        ThrowIfDeleted();
        // Where nobody else writes, what is committed is known.
        if (from >= to || (!database.IsShared && from >= topic.End))
            return new LogRead([], from);
        return await database.RunAsync($"cannot read topic {topic.Name}", connection => ReadAsync(connection, from, to, maxBytes));
    }

    public async ValueTask<LogCount> CountAsync(long from, long to)
    {
        ThrowIfDeleted();
        if (from >= to)
            return default;
        return await database.RunAsync($"cannot read topic {topic.Name}", async connection =>
        {
            await ObserveAsync(connection);
            List<OffsetRange> ranges = topic.Record.Visible(from, to);
            return ranges.Count == 0 ? default : await CountAsync(connection, ranges);
        });
    }

    public async ValueTask<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(long from, long to)
    {
        ThrowIfDeleted();
        return await database.RunAsync($"cannot read topic {topic.Name}", connection => ReadDeferredAsync(connection, from, to));
    }

    /// <summary>The first batch that is kept; null when there is none.</summary>
    protected async Task<BatchTotals?> FirstAsync(NpgsqlConnection connection)
    {
        await using NpgsqlCommand command = connection.Command(Sql.FirstBatch, topic.Generation, topic.Start);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        return await rows.ReadAsync() ? BatchTotals.Read(rows, 0) : null;
    }

    private void ThrowIfDeleted()
    {
        if (topic.IsDeleted)
            throw new StoreException($"topic {topic.Name} was deleted");
    }

    /// <summary>Learns what another process has done to the topic.</summary>
    private async Task ObserveAsync(NpgsqlConnection connection)
    {
        if (!database.IsShared)
            return;
        long saves = topic.Saves;
        await using NpgsqlCommand command = connection.Command(Sql.DescribeTopic, topic.Generation);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        if (!await rows.ReadAsync())
        {
            topic.IsDeleted = true;
            ThrowIfDeleted();
        }
        topic.Observe(saves, rows.GetInt64(0), rows.GetInt64(1), rows.GetInt32(2), rows.GetString(3));
    }

    private async Task<LogRead> ReadAsync(NpgsqlConnection connection, long from, long to, int maxBytes)
    {
        await ObserveAsync(connection);
        // Taken before the batches are: more of them may have come since, never less.
        long end = Math.Min(to, topic.End);
        int limit = (int)Math.Clamp(2L * maxBytes / Math.Max(1, Interlocked.Read(ref _averageBytes)), MinBatches, MaxBatches);
        await using NpgsqlCommand command = connection.Command(Sql.ReadBatches, topic.Generation, from, to, (long)maxBytes, limit);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        List<MessageBatch> batches = [];
        long seen = -1;
        long bytes = 0;
        while (await rows.ReadAsync())
        {
            long baseOffset = rows.GetInt64(0);
            int count = rows.GetInt32(1);
            byte[]? dueTimes = await rows.IsDBNullAsync(3) ? null : rows.GetFieldValue<byte[]>(3);
            byte[] records = rows.GetFieldValue<byte[]>(4);
            seen = baseOffset + count;
            bytes += records.Length;
            if (rows.GetInt32(2) != BatchChecksum.Of(topic.Generation, baseOffset, dueTimes, records))
            {
                database.Log.DamagedBatch(topic.Name, baseOffset);
                continue;
            }
            batches.Add(new MessageBatch
            {
                BaseOffset = baseOffset,
                Count = count,
                Records = records,
                DueTimes = dueTimes is null ? null : BatchChecksum.Read(dueTimes),
            });
        }
        if (seen < 0)
            return new LogRead(batches, Math.Max(from, end));
        Interlocked.Exchange(ref _averageBytes, Math.Max(1, bytes / Math.Max(1, batches.Count)));
        return new LogRead(batches, Math.Min(to, seen));
    }

    private async Task<LogCount> CountAsync(NpgsqlConnection connection, List<OffsetRange> ranges)
    {
        long[] places = [.. ranges.SelectMany(range => (long[])[range.Start, range.End])];
        LogCount[] below = new LogCount[places.Length];
        await using NpgsqlCommand command = connection.Command(Sql.BatchesBelow, topic.Generation, places, topic.Start);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            int index = (int)rows.GetInt64(0) - 1;
            below[index] = BatchTotals.Read(rows, 1).Below(places[index]);
        }
        LogCount sum = default;
        for (int i = 0; i < below.Length; i += 2)
            sum = LogCounts.Plus(sum, LogCounts.Minus(below[i + 1], below[i]));
        return sum;
    }

    private async Task<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(NpgsqlConnection connection, long from, long to)
    {
        await using NpgsqlCommand command = connection.Command(Sql.ReadDeferred, topic.Generation, from, to);
        await using NpgsqlDataReader rows = await command.ExecuteReaderAsync();
        List<DeferredHeader> headers = [];
        while (await rows.ReadAsync())
            headers.Add(new DeferredHeader(rows.GetInt64(0), BatchChecksum.Read(rows.GetFieldValue<byte[]>(1))));
        return headers;
    }
}
