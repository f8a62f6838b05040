using Broker.Messages;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>What one opening of a channel has to write.</summary>
internal sealed record ProgressGroup(
    PostgresChannelProgress Progress,
    IReadOnlyList<JournalRow> Rows,
    IReadOnlyList<OffsetRange> Forgotten,
    List<TaskCompletionSource> Waiters,
    long Floor)
{
    /// <summary>The statement; it gives 0 when another opening has taken over.</summary>
    public NpgsqlBatchCommand NoteCommand(Statements sql)
    {
        List<KeptMessage> kept = [.. Rows.SelectMany(row => row.Kept)];
        return PostgresCommands.InBatch(
            sql.NoteProgress,
            Progress.Generation,
            Progress.Name,
            Progress.Incarnation,
            Progress.Epoch,
            Floor,
            Rows.Count > 0 ? Rows[^1].Sequence : 0L,
            Rows.Select(row => row.Sequence).ToArray(),
            Rows.Select(row => row.Checksum).ToArray(),
            Rows.Select(row => row.Entries).ToArray(),
            kept.Select(message => message.Offset).ToArray(),
            kept.Select(message => BatchChecksum.Of(Progress.Generation, message.Offset, [], message.Record)).ToArray(),
            kept.Select(message => message.Record).ToArray());
    }

    /// <summary>Whether there are dead letters to write.</summary>
    public bool HasDead => Rows.Any(row => row.Dead.Count > 0);

    /// <summary>Writes the dead letters. One that is there was never heard of again.</summary>
    public NpgsqlBatchCommand BuryCommand(Statements sql)
    {
        List<DeadLetter> dead = [.. Rows.SelectMany(row => row.Dead)];
        List<byte[]> letters = dead.ConvertAll(DeadLetterFormat.Write);
        return PostgresCommands.InBatch(
            sql.WriteDead,
            Progress.Generation,
            Progress.Name,
            Progress.Incarnation,
            Progress.Epoch,
            dead.Select(letter => letter.Number).ToArray(),
            dead.Zip(letters, (letter, bytes) => BatchChecksum.Of(Progress.Generation, letter.Number, [], bytes)).ToArray(),
            letters.ToArray());
    }

    /// <summary>Removes the copies of what needs none any more.</summary>
    public NpgsqlBatchCommand ForgetCommand(Statements sql) => PostgresCommands.InBatch(
        sql.ForgetKept,
        Progress.Generation,
        Progress.Name,
        Progress.Incarnation,
        Progress.Epoch,
        Forgotten.Select(range => range.Start).ToArray(),
        Forgotten.Select(range => range.End).ToArray());
}
