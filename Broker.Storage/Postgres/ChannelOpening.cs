using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>What the database says when a channel's progress is opened for writing.</summary>
/// <param name="Epoch">The epoch that the opening has got.</param>
/// <param name="Sequence">The last row that was ever written to its journal.</param>
/// <param name="State">What was kept; null when there is nothing.</param>
/// <param name="JournalBytes">Bytes that the journal takes, about.</param>
/// <param name="SnapshotBytes">Bytes of the snapshot.</param>
internal sealed record ChannelOpening(long Epoch, long Sequence, ProgressState? State, long JournalBytes, long SnapshotBytes)
{
    /// <summary>Opens a channel's progress: from here on an earlier opening is refused.</summary>
    /// <exception cref="FencedException">The topic was deleted, or a newer incarnation is there.</exception>
    public static async Task<ChannelOpening> TakeOverAsync(
        PostgresDatabase database, NpgsqlConnection connection, string topic, int generation, string channel, long incarnation)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        long end = await connection.AskAsync(database.Sql.HoldTopic, generation) as long? ?? throw new FencedException($"topic {topic} was deleted");
        long? known = await connection.AskAsync(database.Sql.HoldChannel, generation, channel) as long?;
        if (known > incarnation)
            throw new FencedException($"channel {channel} of topic {topic} was made anew");
        // What an older incarnation, or one whose deletion was cut short, has left.
        if (known != incarnation)
        {
            await connection.ExecuteAsync(database.Sql.ClearJournal, generation, channel);
            await connection.ExecuteAsync(database.Sql.ClearKept, generation, channel);
            await connection.ExecuteAsync(database.Sql.ClearDead, generation, channel);
        }
        long epoch;
        long sequence;
        await using (NpgsqlCommand takeOver = connection.Command(database.Sql.TakeOverChannel, generation, channel, incarnation))
        {
            await using NpgsqlDataReader rows = await takeOver.ExecuteReaderAsync();
            await rows.ReadAsync();
            epoch = rows.GetInt64(0);
            sequence = rows.GetInt64(1);
        }
        StoredProgress stored = await StoredProgress.ReadAsync(database, connection, topic, generation, channel);
        if (stored.State?.Floor is { } floor && floor > end)
            throw FloorBeyondEnd.Report(database.Log.Logger, database.Metrics, topic, channel, floor, end);
        await transaction.CommitAsync();
        return new ChannelOpening(epoch, Math.Max(sequence, stored.Sequence), stored.State, stored.JournalBytes, stored.SnapshotBytes);
    }
}
