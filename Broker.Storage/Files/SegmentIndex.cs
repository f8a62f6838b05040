using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// What a segment contains, sparsely: a mark every 64 KiB with running totals, and where deferred batches stand. Built from headers, and
/// written beside a sealed segment so that a restart need not walk it. Not safe for concurrent use.
/// </summary>
internal sealed class SegmentIndex
{
    private const int MarkDistance = 64 << 10;

    /// <summary>Deferred batches that stand closer together than this are one run: what lies between is read over.</summary>
    private const int RunDistance = 4 << 10;

    private readonly List<Mark> _marks = [];
    private readonly List<Run> _deferred = [];
    private readonly Dictionary<long, SequenceWindow> _sequences = [];

    /// <summary>Positions of batches whose header is intact and whose records are not: they count for nothing.</summary>
    private readonly List<long> _damaged = [];

    /// <summary>Makes an index of a segment that holds nothing yet.</summary>
    public SegmentIndex(long baseOffset) => End = baseOffset;

    /// <summary>One past the last offset.</summary>
    public long End { get; private set; }

    /// <summary>Bytes of the segment that the index describes.</summary>
    public long Length { get; private set; } = FileHeader.Size;

    /// <summary>All that the segment holds.</summary>
    public LogCount Total { get; private set; }

    /// <summary>Offset of the first batch; null when there is none.</summary>
    public long? First => _marks.Count > 0 ? _marks[0].Offset : null;

    /// <summary>Which sequences of each publisher are in the segment.</summary>
    public IReadOnlyDictionary<long, SequenceWindow> Sequences => _sequences;

    /// <summary>Adds the batch at a position beyond all others.</summary>
    public void Add(in BatchHeader header, long position)
    {
        if (_marks.Count == 0 || position - _marks[^1].Position >= MarkDistance)
            _marks.Add(new Mark(header.BaseOffset, position, Total));
        long end = position + header.Size;
        if (header.IsDeferred)
        {
            if (_deferred.Count > 0 && position - _deferred[^1].EndPosition < RunDistance)
                _deferred[^1] = _deferred[^1] with { EndPosition = end, End = header.EndOffset };
            else
                _deferred.Add(new Run(header.BaseOffset, header.EndOffset, position, end));
        }
        Total = header.IsDeferred
            ? Total with { Deferred = Total.Deferred + header.Count, Bytes = Total.Bytes + header.BodyBytes }
            : Total with { Messages = Total.Messages + header.Count, Bytes = Total.Bytes + header.BodyBytes };
        if (header.Publisher != 0)
            _sequences[header.Publisher] = _sequences.GetValueOrDefault(header.Publisher).With(header.Sequence, header.Lowest);
        End = header.EndOffset;
        Length = end;
    }

    /// <summary>Notes a batch whose records turned out to be damaged before it was added.</summary>
    public void AddDamaged(long position) => _damaged.Add(position);

    /// <summary>The bytes from a position on were cut off: what was damaged there is gone, and intact batches will take its place.</summary>
    public void ForgetDamage(long from) => _damaged.RemoveAll(position => position >= from);

    /// <summary>Takes back a batch that was added and whose records turned out to be damaged; false when that is known.</summary>
    public bool TakeBack(in BatchHeader header, long position)
    {
        if (_damaged.Contains(position))
            return false;
        _damaged.Add(position);
        LogCount lost = header.IsDeferred ? new LogCount(0, header.Count, header.BodyBytes) : new LogCount(header.Count, 0, header.BodyBytes);
        for (int i = 0; i < _marks.Count; i++)
        {
            if (_marks[i].Position > position)
                _marks[i] = _marks[i] with { Before = LogCounts.Minus(_marks[i].Before, lost) };
        }
        Total = LogCounts.Minus(Total, lost);
        return true;
    }

    /// <summary>Whether the records of the batch at a position are known to be damaged.</summary>
    public bool IsDamaged(long position) => _damaged.Contains(position);

    /// <summary>Makes the index describe bytes without batches: damage that was gone over.</summary>
    public void Skip(long length) => Length = Math.Max(Length, length);

    /// <summary>The last mark at or before an offset: where to begin walking to it.</summary>
    public (long Offset, long Position, LogCount Before) MarkFor(long offset)
    {
        int low = 0;
        int high = _marks.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_marks[middle].Offset <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        if (_marks.Count == 0)
            return (End, Length, default);
        Mark mark = _marks[Math.Max(0, low - 1)];
        return (mark.Offset, mark.Position, mark.Before);
    }

    /// <summary>Where batches lie among which are all deferred ones that have offsets in a range.</summary>
    public IEnumerable<FileRange> DeferredIn(long from, long to)
    {
        foreach (Run run in _deferred)
        {
            if (run.Start < to && run.End > from)
                yield return new FileRange(run.Position, run.EndPosition - run.Position);
        }
    }

    /// <summary>The index as bytes.</summary>
    public byte[] Write()
    {
        byte[] bytes = new byte[72 + _marks.Count * 40 + _deferred.Count * 32 + _sequences.Count * 32 + _damaged.Count * 8];
        Span<byte> rest = bytes;
        Put(ref rest, End);
        Put(ref rest, Length);
        Put(ref rest, Total);
        Put(ref rest, _marks.Count);
        Put(ref rest, _deferred.Count);
        Put(ref rest, _sequences.Count);
        Put(ref rest, _damaged.Count);
        foreach (Mark mark in _marks)
        {
            Put(ref rest, mark.Offset);
            Put(ref rest, mark.Position);
            Put(ref rest, mark.Before);
        }
        foreach (Run run in _deferred)
        {
            Put(ref rest, run.Start);
            Put(ref rest, run.End);
            Put(ref rest, run.Position);
            Put(ref rest, run.EndPosition);
        }
        foreach ((long publisher, SequenceWindow window) in _sequences.OrderBy(pair => pair.Key))
        {
            Put(ref rest, publisher);
            Put(ref rest, window.Highest);
            Put(ref rest, unchecked((long)window.Seen));
            Put(ref rest, window.Lowest);
        }
        foreach (long position in _damaged)
            Put(ref rest, position);
        return bytes;
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="bytes">The index as bytes.</param>
    /// <param name="version">The version that wrote it: 1 knew only the last sequence of each publisher.</param>
    public static SegmentIndex Read(ReadOnlySpan<byte> bytes, int version)
    {
        SegmentIndex index = new(Take(ref bytes)) { Length = Take(ref bytes), Total = TakeCount(ref bytes) };
        int marks = (int)Take(ref bytes);
        int runs = (int)Take(ref bytes);
        int sequences = (int)Take(ref bytes);
        int damaged = (int)Take(ref bytes);
        index._marks.EnsureCapacity(marks);
        for (int i = 0; i < marks; i++)
            index._marks.Add(new Mark(Take(ref bytes), Take(ref bytes), TakeCount(ref bytes)));
        for (int i = 0; i < runs; i++)
            index._deferred.Add(new Run(Take(ref bytes), Take(ref bytes), Take(ref bytes), Take(ref bytes)));
        for (int i = 0; i < sequences; i++)
            index._sequences[Take(ref bytes)] = TakeWindow(ref bytes, version);
        for (int i = 0; i < damaged; i++)
            index._damaged.Add(Take(ref bytes));
        return index;
    }

    private static void Put(ref Span<byte> rest, long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(rest, number);
        rest = rest[sizeof(long)..];
    }

    private static void Put(ref Span<byte> rest, LogCount count)
    {
        Put(ref rest, count.Messages);
        Put(ref rest, count.Deferred);
        Put(ref rest, count.Bytes);
    }

    private static long Take(ref ReadOnlySpan<byte> rest)
    {
        long number = BinaryPrimitives.ReadInt64LittleEndian(rest);
        rest = rest[sizeof(long)..];
        return number;
    }

    private static LogCount TakeCount(ref ReadOnlySpan<byte> rest) => new(Take(ref rest), Take(ref rest), Take(ref rest));

    private static SequenceWindow TakeWindow(ref ReadOnlySpan<byte> rest, int version)
    {
        long highest = Take(ref rest);
        return version == 1 ? new SequenceWindow(highest, 1, highest) : new SequenceWindow(highest, unchecked((ulong)Take(ref rest)), Take(ref rest));
    }

    private readonly record struct Mark(long Offset, long Position, LogCount Before);

    private readonly record struct Run(long Start, long End, long Position, long EndPosition);
}
