using Broker.Messages;

namespace Broker.Storage;

/// <summary>
/// Which dead letters a channel has: all up to an end but those that were removed. It takes as much memory as there are gaps, however many letters
/// there are. Not safe for concurrent use.
/// </summary>
public sealed class DeadNumbers
{
    private readonly FinishedRanges _removed = new();

    /// <summary>The number that the next dead letter gets.</summary>
    public long End { get; private set; }

    /// <summary>All below are removed.</summary>
    public long Floor { get; private set; }

    /// <summary>How many dead letters there are.</summary>
    public long Count { get; private set; }

    /// <summary>Bytes that they take (<see cref="DeadLetter.Size"/>).</summary>
    public long Bytes { get; private set; }

    /// <summary>What was removed above the floor, in order.</summary>
    public IReadOnlyList<OffsetRange> Removed => _removed.InOrder;

    /// <summary>A message died.</summary>
    public void Add(long number, long size)
    {
        if (number < End)
            return;
        Count += number + 1 - End;
        End = number + 1;
        Bytes += size;
    }

    /// <summary>Dead letters are there no more.</summary>
    /// <param name="from">The first.</param>
    /// <param name="to">One past the last.</param>
    /// <param name="size">Bytes that they took.</param>
    /// <returns>How many there were.</returns>
    public long Remove(long from, long to, long size)
    {
        long there = Live(from, to).Sum(static range => range.Length);
        _removed.Add(Math.Max(from, Floor), Math.Min(to, End));
        Floor = _removed.RaiseFloor(Floor);
        Count -= there;
        Bytes = Count == 0 ? 0 : Math.Max(0, Bytes - size);
        return there;
    }

    /// <summary>Begins with all up to an end, none of them removed.</summary>
    public void Begin(long end, long bytes)
    {
        End = Count = end;
        Bytes = bytes;
    }

    /// <summary>The stretches from one number to another that are there, in order.</summary>
    public IEnumerable<OffsetRange> Live(long from, long to) => _removed.Gaps(Math.Max(from, Floor), Math.Min(to, End));

    /// <summary>A copy as it is now.</summary>
    public DeadNumbers Copy()
    {
        DeadNumbers copy = new() { End = End, Floor = Floor, Count = Count, Bytes = Bytes };
        foreach (OffsetRange range in _removed.InOrder)
            copy._removed.Add(range.Start, range.End);
        return copy;
    }
}
