using Broker.Messages;
using Npgsql;

namespace Broker.Storage.Postgres;

/// <summary>A row of a batch without its records: where it is, and how much was in the log before it.</summary>
/// <remarks>With running totals in each row a range is counted by looking at its two ends.</remarks>
internal readonly record struct BatchTotals(long BaseOffset, int Count, bool IsDeferred, LogCount Before, long BodyBytes)
{
    /// <summary>What was in the log up to this batch, itself included.</summary>
    public LogCount After => Below(BaseOffset + Count);

    /// <summary>Reads the columns that all statements about totals give, from one on.</summary>
    public static BatchTotals Read(NpgsqlDataReader row, int column)
    {
        int count = row.GetInt32(column + 1);
        return new BatchTotals(
            row.GetInt64(column),
            count,
            row.GetBoolean(column + 2),
            new LogCount(row.GetInt64(column + 3), row.GetInt64(column + 4), row.GetInt64(column + 5)),
            row.GetInt32(column + 6) - (long)count * MessageBatch.RecordHeaderSize);
    }

    /// <summary>What was in the log below an offset; bytes of a batch that is partly below count in proportion.</summary>
    public LogCount Below(long offset)
    {
        long inside = Math.Clamp(offset - BaseOffset, 0, Count);
        long bytes = BodyBytes * inside / Count;
        return LogCounts.Plus(Before, IsDeferred ? new LogCount(0, inside, bytes) : new LogCount(inside, 0, bytes));
    }

    /// <summary>Bytes that so many messages take in the log.</summary>
    public static long SizeOf(in LogCount count) => count.Bytes + (count.Messages + count.Deferred) * MessageBatch.RecordHeaderSize;
}
