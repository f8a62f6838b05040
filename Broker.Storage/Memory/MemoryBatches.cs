using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>
/// Batches in order of their offsets, appended at the end and removed from the front, with running totals so that a range is counted
/// without walking it. Not safe for concurrent use.
/// </summary>
internal sealed class MemoryBatches
{
    private readonly List<Entry> _entries = [];
    private int _first;
    private LogCount _total;

    /// <summary>Offset of the first batch, or <see cref="End"/> when there is none.</summary>
    public long Start => _first < _entries.Count ? _entries[_first].Batch.BaseOffset : End;

    /// <summary>One past the last offset that was appended.</summary>
    public long End { get; private set; }

    /// <summary>Bytes of the records that are held.</summary>
    public long Bytes { get; private set; }

    /// <summary>Appends a batch; its offsets must lie at or beyond <see cref="End"/>.</summary>
    public void Append(MessageBatch batch)
    {
        _entries.Add(new Entry(batch, _total));
        _total = batch.IsDeferred
            ? new LogCount(_total.Messages, _total.Deferred + batch.Count, _total.Bytes + batch.BodyBytes)
            : new LogCount(_total.Messages + batch.Count, _total.Deferred, _total.Bytes + batch.BodyBytes);
        End = batch.EndOffset;
        Bytes += batch.Records.Length;
    }

    /// <summary>Removes the batches that lie wholly below an offset.</summary>
    public void Trim(long below)
    {
        while (_first < _entries.Count && _entries[_first].Batch.EndOffset <= below)
        {
            Bytes -= _entries[_first].Batch.Records.Length;
            _entries[_first++] = default;
        }
        // Moving the rest to the front only when half is gone keeps trimming at a constant cost a batch.
        if (_first > 64 && _first > _entries.Count / 2)
        {
            _entries.RemoveRange(0, _first);
            _first = 0;
        }
    }

    /// <summary>Reads as <see cref="ITopicReader.ReadAsync"/> promises.</summary>
    public LogRead Read(long from, long to, int maxBytes)
    {
        List<MessageBatch> batches = [];
        long bytes = 0;
        for (int i = Find(from); i < _entries.Count && _entries[i].Batch.BaseOffset < to; i++)
        {
            MessageBatch batch = _entries[i].Batch;
            bytes += batch.Records.Length;
            if (batches.Count > 0 && bytes > maxBytes)
                return new LogRead(batches, batches[^1].EndOffset);
            batches.Add(batch);
        }
        return new LogRead(batches, Math.Max(from, Math.Min(to, End)));
    }

    /// <summary>Counts a range; bytes of a batch that is partly in it count in proportion.</summary>
    public LogCount Count(long from, long to)
    {
        LogCount below = TotalBelow(from);
        LogCount upTo = TotalBelow(Math.Max(from, to));
        return new LogCount(upTo.Messages - below.Messages, upTo.Deferred - below.Deferred, upTo.Bytes - below.Bytes);
    }

    /// <summary>Headers of the deferred batches that have offsets in a range.</summary>
    public List<DeferredHeader> Deferred(long from, long to)
    {
        List<DeferredHeader> headers = [];
        for (int i = Find(from); i < _entries.Count && _entries[i].Batch.BaseOffset < to; i++)
        {
            if (_entries[i].Batch.DueTimes is { } dueTimes)
                headers.Add(new DeferredHeader(_entries[i].Batch.BaseOffset, dueTimes));
        }
        return headers;
    }

    /// <summary>Messages and bytes in all offsets below one, counted from the first append ever.</summary>
    private LogCount TotalBelow(long offset)
    {
        int index = Find(offset);
        if (index == _entries.Count)
            return _total;
        (MessageBatch batch, LogCount before) = _entries[index];
        long inside = Math.Max(0, offset - batch.BaseOffset);
        long bytes = batch.BodyBytes * inside / batch.Count;
        return batch.IsDeferred
            ? new LogCount(before.Messages, before.Deferred + inside, before.Bytes + bytes)
            : new LogCount(before.Messages + inside, before.Deferred, before.Bytes + bytes);
    }

    /// <summary>Index of the batch that contains an offset, or of the next one after it.</summary>
    private int Find(long offset)
    {
        int low = _first;
        int high = _entries.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_entries[middle].Batch.EndOffset <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private readonly record struct Entry(MessageBatch Batch, LogCount Before);
}
