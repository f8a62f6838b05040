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
        List<KeptMessage> kept = [.. Rows.Where(row => row.Kept is not null).Select(row => row.Kept!)];
        return new NpgsqlBatchCommand(sql.NoteProgress)
        {
            Parameters =
            {
                new() { Value = Progress.Generation },
                new() { Value = Progress.Name },
                new() { Value = Progress.Incarnation },
                new() { Value = Progress.Epoch },
                new() { Value = Floor },
                new() { Value = Rows.Count > 0 ? Rows[^1].Sequence : 0L },
                new() { Value = Rows.Select(row => row.Sequence).ToArray() },
                new() { Value = Rows.Select(row => row.Checksum).ToArray() },
                new() { Value = Rows.Select(row => row.Entries).ToArray() },
                new() { Value = kept.Select(message => message.Offset).ToArray() },
                new() { Value = kept.Select(message => BatchChecksum.Of(Progress.Generation, message.Offset, [], message.Record)).ToArray() },
                new() { Value = kept.Select(message => message.Record).ToArray() },
            },
        };
    }

    /// <summary>Removes the copies of what needs none any more.</summary>
    public NpgsqlBatchCommand ForgetCommand(Statements sql) => new(sql.ForgetKept)
    {
        Parameters =
        {
            new() { Value = Progress.Generation },
            new() { Value = Progress.Name },
            new() { Value = Progress.Incarnation },
            new() { Value = Progress.Epoch },
            new() { Value = Forgotten.Select(range => range.Start).ToArray() },
            new() { Value = Forgotten.Select(range => range.End).ToArray() },
        },
    };
}
