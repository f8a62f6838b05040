using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>Reads a topic that is kept on disk.</summary>
/// <remarks>Holds no lock and no state: what is committed and where it stands is asked of the segments, and files are read off the caller's thread.</remarks>
internal class FileTopicReader(FileTopic topic) : ITopicReader
{
    private const int Chunk = 64 << 10;

    private readonly SegmentList _segments = topic.Segments;

    public long Start => _segments.Start;

    public long End => _segments.End;

    public IReadOnlyList<OffsetRange> Hidden => topic.Record.Hidden;

    protected FileTopic Topic => topic;

    public ValueTask<LogRead> ReadAsync(long from, long to, int maxBytes)
    {
        if (topic.Folder.IsDeleted)
            return ValueTask.FromException<LogRead>(new StoreException($"topic {topic.Folder.Name} was deleted"));
        return from >= End || from >= to ? new(new LogRead([], from)) : RetryingAsync(() => Read(from, to, maxBytes));
    }

    public ValueTask<LogCount> CountAsync(long from, long to)
    {
        if (from >= to)
            return new(default(LogCount));
        List<OffsetRange> ranges = topic.Record.Visible(from, to);
        LogCount sum = default;
        foreach (OffsetRange range in ranges)
        {
            LogCount start = _segments.CountBelow(range.Start, out SegmentPart? startRest);
            LogCount end = _segments.CountBelow(range.End, out SegmentPart? endRest);
            if (startRest is not null || endRest is not null)
                return RetryingAsync(() => Count(ranges));
            sum = LogCounts.Plus(sum, LogCounts.Minus(end, start));
        }
        return new(sum);
    }

    public ValueTask<IReadOnlyList<DeferredHeader>> ReadDeferredAsync(long from, long to) => RetryingAsync(() => ReadDeferred(from, to));

    /// <summary>Reads off the caller's thread, and again when a segment was trimmed meanwhile.</summary>
    private ValueTask<T> RetryingAsync<T>(Func<T> read) => new(topic.Services.Threads.RunAsync(() =>
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return read();
            }
            catch (Exception e) when (Fault.IsOfFiles(e) || e is ObjectDisposedException)
            {
                if (topic.Folder.IsDeleted)
                    throw new StoreException($"topic {topic.Folder.Name} was deleted", e);
                if (attempt == 3 || e is not (FileNotFoundException or ObjectDisposedException))
                    throw Fault.Of($"cannot read topic {topic.Folder.Name}", e);
            }
        }
    }));

    private LogRead Read(long from, long to, int maxBytes)
    {
        const int HeaderAllowance = 4 << 10;
        List<MessageBatch> batches = [];
        long bytes = 0;
        List<SegmentPart> parts = _segments.Locate(from, ref to, out long seen);
        foreach (SegmentPart part in parts)
        {
            int chunk = (int)Math.Clamp(maxBytes - bytes + HeaderAllowance, HeaderAllowance, 1 << 20);
            using BatchWalker walker = part.Walk(chunk);
            while (walker.MoveNext())
            {
                ReportDamage(part.Segment, walker.Skipped);
                BatchHeader header = walker.Header;
                if (header.EndOffset <= from)
                    continue;
                if (header.BaseOffset >= to)
                    return new LogRead(batches, seen);
                if (batches.Count > 0 && bytes + header.RecordBytes > maxBytes)
                {
                    long end = batches[^1].EndOffset;
                    _segments.SetCursor(part.Segment, end, walker.Position);
                    return new LogRead(batches, end);
                }
                byte[]? records = walker.ReadRecords();
                if (records is null)
                {
                    ReportDamage(part.Segment, new FileRange(walker.Position, header.Size));
                    TakeBack(part.Segment, header, walker.Position);
                    continue;
                }
                bytes += records.Length;
                batches.Add(new MessageBatch
                {
                    BaseOffset = header.BaseOffset,
                    Count = header.Count,
                    Records = records,
                    DueTimes = walker.DueTimes(),
                });
            }
            ReportDamage(part.Segment, walker.Skipped);
            if (batches.Count > 0)
                _segments.SetCursor(part.Segment, batches[^1].EndOffset, part.Limit);
        }
        return new LogRead(batches, seen);
    }

    private void ReportDamage(Segment segment, FileRange range)
    {
        if (range.Length > 0 && _segments.IsNewDamage(segment, range.Position))
            topic.Services.Log.DamagedBytes(segment.Path, range.Position, range.Length);
    }

    private void TakeBack(Segment segment, in BatchHeader header, long position)
    {
        _segments.TakeBack(segment, header, position);
        topic.Services.Syncer.SyncLater(topic.Sync);
    }

    private LogCount Count(List<OffsetRange> ranges)
    {
        LogCount sum = default;
        foreach (OffsetRange range in ranges)
            sum = LogCounts.Plus(sum, LogCounts.Minus(CountBelow(range.End), CountBelow(range.Start)));
        return sum;
    }

    private LogCount CountBelow(long offset)
    {
        LogCount count = _segments.CountBelow(offset, out SegmentPart? rest);
        if (rest is not { } part)
            return count;
        using BatchWalker walker = part.Walk(Chunk);
        while (walker.MoveNext() && walker.Header.BaseOffset < offset)
        {
            if (_segments.IsDamaged(part.Segment, walker.Position))
                continue;
            BatchHeader header = walker.Header;
            long inside = Math.Min(header.Count, offset - header.BaseOffset);
            long bytes = header.BodyBytes * inside / header.Count;
            count = LogCounts.Plus(count, header.IsDeferred ? new LogCount(0, inside, bytes) : new LogCount(inside, 0, bytes));
        }
        return count;
    }

    private IReadOnlyList<DeferredHeader> ReadDeferred(long from, long to)
    {
        List<DeferredHeader> headers = [];
        foreach (SegmentPart part in _segments.LocateDeferred(from, to))
        {
            using BatchWalker walker = part.Walk(Chunk);
            while (walker.MoveNext())
            {
                BatchHeader header = walker.Header;
                if (header.BaseOffset < to && header.EndOffset > from && !_segments.IsDamaged(part.Segment, walker.Position)
                    && walker.DueTimes() is { } dueTimes)
                {
                    headers.Add(new DeferredHeader(header.BaseOffset, dueTimes));
                }
            }
        }
        return headers;
    }
}
