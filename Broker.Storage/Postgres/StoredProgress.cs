using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>A channel's progress as the database has it.</summary>
/// <param name="State">The snapshot with the journal applied; null when there is neither.</param>
/// <param name="Sequence">The last row of the journal.</param>
/// <param name="JournalBytes">Bytes that the journal takes, about.</param>
/// <param name="SnapshotBytes">Bytes of the snapshot.</param>
internal sealed record StoredProgress(ProgressState? State, long Sequence, long JournalBytes, long SnapshotBytes)
{
    public static async Task<StoredProgress> ReadAsync(PostgresDatabase database, NpgsqlConnection connection, string topic, int generation, string channel)
    {
        // The journal first: what a compaction between the two removes from it is in the snapshot then.
        await using NpgsqlBatch batch = new(connection)
        {
            BatchCommands =
            {
                PostgresCommands.InBatch(database.Sql.ReadJournal, generation, channel),
                PostgresCommands.InBatch(database.Sql.ReadSnapshot, generation, channel),
            },
        };
        List<(long Sequence, int Checksum, byte[] Entries)> journal = [];
        await using NpgsqlDataReader rows = await batch.ExecuteReaderAsync();
        while (await rows.ReadAsync())
            journal.Add((rows.GetInt64(0), rows.GetInt32(1), rows.GetFieldValue<byte[]>(2)));
        await rows.NextResultAsync();
        ProgressState state = new();
        bool isAny = journal.Count > 0;
        long sequence = 0;
        long snapshotBytes = 0;
        if (await rows.ReadAsync())
        {
            sequence = rows.GetInt64(0);
            if (!await rows.IsDBNullAsync(2))
            {
                isAny = true;
                byte[] snapshot = rows.GetFieldValue<byte[]>(2);
                snapshotBytes = snapshot.Length;
                if (rows.GetInt32(1) == ProgressSnapshot.Checksum(snapshot))
                    ProgressSnapshot.Replay(snapshot, state);
                else
                    database.Log.DamagedProgress(topic, channel);
            }
        }
        long journalBytes = 0;
        foreach ((long number, int checksum, byte[] entries) in journal)
        {
            journalBytes += JournalRow.SizeOf(entries);
            if (number <= sequence)
                continue;
            sequence = number;
            if (checksum == JournalRow.ChecksumOf(number, entries))
                JournalEntries.Replay(entries, state);
            else
                database.Log.DamagedProgress(topic, channel);
        }
        return new StoredProgress(isAny ? state : null, sequence, journalBytes, snapshotBytes);
    }
}
