using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>What the database says when a topic is opened for writing.</summary>
/// <param name="Epoch">The epoch that the opening has got.</param>
/// <param name="End">Where the log ends.</param>
/// <param name="Next">Where its first append goes.</param>
/// <param name="Total">What was ever appended.</param>
/// <param name="Trimmed">What of it is not kept any more.</param>
/// <param name="Publishers">Sequences by publisher.</param>
internal sealed record TopicOpening(long Epoch, long End, long Next, LogCount Total, LogCount Trimmed, Dictionary<long, SequenceWindow> Publishers)
{
    /// <summary>Reads what an opening needs to know, which nobody else can change any more.</summary>
    public static async Task<TopicOpening> ReadAsync(Statements sql, NpgsqlConnection connection, PostgresTopic topic, long epoch, long end, long next)
    {
        await using NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                PostgresCommands.InBatch(sql.FirstBatch, topic.Generation, topic.Start),
                PostgresCommands.InBatch(sql.LastBatch, topic.Generation),
                PostgresCommands.InBatch(sql.ReadPublishers, topic.Generation),
                PostgresCommands.InBatch(sql.ForgetPublishers, topic.Generation),
            },
        };
        await using NpgsqlDataReader rows = await batch.ExecuteReaderAsync();
        BatchTotals? first = await rows.ReadAsync() ? BatchTotals.Read(rows, 0) : null;
        await rows.NextResultAsync();
        BatchTotals? last = await rows.ReadAsync() ? BatchTotals.Read(rows, 0) : null;
        await rows.NextResultAsync();
        Dictionary<long, SequenceWindow> publishers = [];
        while (await rows.ReadAsync())
            publishers[rows.GetInt64(0)] = new SequenceWindow(rows.GetInt64(1), unchecked((ulong)rows.GetInt64(2)), rows.GetInt64(3));
        topic.Trim(first?.BaseOffset ?? end);
        return new TopicOpening(epoch, end, next, last?.After ?? default, first?.Before ?? default, publishers);
    }
}
