using Broker.Messages;

namespace Broker.Storage;

/// <summary>Sorted ranges of finished offsets that neither touch nor overlap.</summary>
internal sealed class FinishedRanges
{
    private readonly List<OffsetRange> _ranges = [];

    /// <summary>The ranges in order.</summary>
    public IReadOnlyList<OffsetRange> InOrder => _ranges;

    /// <summary>Adds a range, joining what it touches.</summary>
    public void Add(long start, long end)
    {
        if (end <= start)
            return;
        int first = FirstEndingAtOrAfter(start);
        int last = first;
        while (last < _ranges.Count && _ranges[last].Start <= end)
        {
            start = Math.Min(start, _ranges[last].Start);
            end = Math.Max(end, _ranges[last].End);
            last++;
        }
        if (last == first)
        {
            _ranges.Insert(first, new OffsetRange(start, end));
            return;
        }
        _ranges[first] = new OffsetRange(start, end);
        _ranges.RemoveRange(first + 1, last - first - 1);
    }

    /// <summary>Forgets what lies below a floor and returns the floor, raised over a range that reaches it.</summary>
    public long RaiseFloor(long floor)
    {
        int passed = 0;
        while (passed < _ranges.Count && _ranges[passed].Start <= floor)
        {
            floor = Math.Max(floor, _ranges[passed].End);
            passed++;
        }
        _ranges.RemoveRange(0, passed);
        return floor;
    }

    /// <summary>The stretches between two offsets that are in no range, in order.</summary>
    public IEnumerable<OffsetRange> Gaps(long from, long to)
    {
        for (int i = FirstEndingAtOrAfter(from); from < to; i++)
        {
            OffsetRange next = i < _ranges.Count ? _ranges[i] : new OffsetRange(to, to);
            if (next.Start > from)
                yield return new OffsetRange(from, Math.Min(next.Start, to));
            from = Math.Max(from, next.End);
        }
    }

    private int FirstEndingAtOrAfter(long offset)
    {
        int low = 0;
        int high = _ranges.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_ranges[middle].End < offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
