using Broker.Messages;

namespace Broker.Storage;

/// <summary>Reads a topic's log by offset, while it is being written too.</summary>
public interface ITopicReader
{
    /// <summary>First offset that is still kept.</summary>
    long Start { get; }

    /// <summary>One past the last offset that is committed.</summary>
    long End { get; }

    /// <summary>
    /// Reads committed batches in order, the first being the one that contains <paramref name="from"/> or the next one after it
    /// (a gap: offsets skipped after a crash, trimmed, hidden, or damaged).
    /// </summary>
    /// <param name="from">Where to begin; the first batch may begin earlier.</param>
    /// <param name="to">Exclusive end; the last batch may end later.</param>
    /// <param name="maxBytes">Stop before the batch that would exceed this many bytes; at least one batch is read.</param>
    /// <returns>Whole batches; hidden offsets (<see cref="TopicRecord.Hidden"/>) may still be in them, the reader must skip them.</returns>
    ValueTask<LogRead> ReadAsync(long from, long to, int maxBytes);

    /// <summary>Counts the messages in a range without reading bodies; hidden ranges do not count.</summary>
    ValueTask<LogCount> CountAsync(long from, long to);

    /// <summary>Reads the headers of deferred batches whose offsets are in a range, without bodies, in order.</summary>
    ValueTask<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(long from, long to);

    /// <summary>Ranges that readers skip (<see cref="TopicRecord.Hidden"/>), as of now.</summary>
    IReadOnlyList<OffsetRange> Hidden { get; }
}
