using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>Appends of one opening of a topic that are written by one statement.</summary>
internal sealed class AppendGroup(PostgresTopicLog log, long before, IReadOnlyList<PostgresAppend> appends, IReadOnlyDictionary<long, SequenceWindow> publishers)
{
    public PostgresTopicLog Log => log;

    public int Count => appends.Count;

    /// <summary>Bytes of the records.</summary>
    public long Bytes { get; } = appends.Sum(append => (long)append.Batch.Records.Length);

    public IReadOnlyList<PostgresAppend> Appends => appends;

    /// <summary>Where the log ends before it is written: the offsets of an opening's first group may begin beyond.</summary>
    public long Before => before;

    /// <summary>Where the log ends when it is written.</summary>
    public long To => appends[^1].Batch.EndOffset;

    /// <summary>The statement. A new one for each attempt: a command remembers how it was prepared on the connection before.</summary>
    public NpgsqlBatchCommand CreateCommand(Statements sql)
    {
        int count = appends.Count;
        long[] baseOffsets = new long[count];
        int[] counts = new int[count];
        long[] messages = new long[count];
        long[] deferred = new long[count];
        long[] bytes = new long[count];
        int[] checksums = new int[count];
        byte[]?[] dueTimes = new byte[count][];
        byte[][] records = new byte[count][];
        for (int i = 0; i < count; i++)
        {
            PostgresAppend append = appends[i];
            baseOffsets[i] = append.Batch.BaseOffset;
            counts[i] = append.Batch.Count;
            (messages[i], deferred[i], bytes[i]) = append.Before;
            dueTimes[i] = append.Batch.DueTimes is { } times ? BatchChecksum.Write(times) : null;
            records[i] = append.Batch.Records;
            checksums[i] = BatchChecksum.Of(log.Generation, baseOffsets[i], dueTimes[i], records[i]);
        }
        return PostgresCommands.InBatch(
            sql.Append,
            log.Generation,
            log.Epoch,
            before,
            To,
            publishers.Keys.ToArray(),
            publishers.Values.Select(window => window.Highest).ToArray(),
            publishers.Values.Select(window => unchecked((long)window.Seen)).ToArray(),
            baseOffsets,
            counts,
            messages,
            deferred,
            bytes,
            checksums,
            dueTimes,
            records,
            publishers.Values.Select(window => window.Lowest).ToArray());
    }
}
