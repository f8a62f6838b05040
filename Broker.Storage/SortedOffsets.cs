namespace Broker.Storage;

/// <summary>
/// Values by offset, sorted. Kept in short runs, so that a change costs the same whether there are ten or a million, and an entry costs
/// its own size and little more. Not safe for concurrent use.
/// </summary>
internal sealed class SortedOffsets<T>
    where T : struct
{
    private const int RunCapacity = 256;

    private readonly List<List<(long Offset, T Value)>> _runs = [];

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>All entries in order of their offsets.</summary>
    public IEnumerable<(long Offset, T Value)> InOrder
    {
        get
        {
            foreach (List<(long Offset, T Value)> run in _runs)
            {
                foreach ((long Offset, T Value) entry in run)
                    yield return entry;
            }
        }
    }

    /// <summary>Finds the value of an offset.</summary>
    public bool TryGet(long offset, out T value)
    {
        int run = RunOf(offset);
        int index = run < 0 ? -1 : IndexIn(_runs[run], offset);
        value = index < 0 ? default : _runs[run][index].Value;
        return index >= 0;
    }

    /// <summary>Adds a value or replaces that of the same offset.</summary>
    public void Set(long offset, T value)
    {
        if (_runs.Count == 0)
            _runs.Add([]);
        int run = Math.Max(RunOf(offset), 0);
        List<(long Offset, T Value)> entries = _runs[run];
        int index = IndexIn(entries, offset);
        if (index >= 0)
        {
            entries[index] = (offset, value);
            return;
        }
        Count++;
        index = ~index;
        if (entries.Count < RunCapacity)
        {
            entries.Insert(index, (offset, value));
        }
        else if (index == entries.Count && run == _runs.Count - 1)
        {
            // Offsets mostly come in ascending order: a full run is left full instead of being split.
            _runs.Add(new List<(long Offset, T Value)>(RunCapacity) { (offset, value) });
        }
        else
        {
            const int Half = RunCapacity / 2;
            List<(long Offset, T Value)> upper = new(RunCapacity);
            upper.AddRange(entries.GetRange(Half, RunCapacity - Half));
            entries.RemoveRange(Half, RunCapacity - Half);
            _runs.Insert(run + 1, upper);
            if (index <= Half)
                entries.Insert(index, (offset, value));
            else
                upper.Insert(index - Half, (offset, value));
        }
    }

    /// <summary>Removes the entries of a range of offsets, except those that are to stay.</summary>
    public void Remove(long start, long end, Predicate<T>? stays = null)
    {
        int run = Math.Max(RunOf(start), 0);
        while (run < _runs.Count && (_runs[run].Count == 0 || _runs[run][0].Offset < end))
        {
            List<(long Offset, T Value)> entries = _runs[run];
            int first = PlaceIn(entries, start);
            int last = PlaceIn(entries, end);
            int write = first;
            for (int read = first; read < last; read++)
            {
                if (stays is not null && stays(entries[read].Value))
                    entries[write++] = entries[read];
            }
            entries.RemoveRange(write, last - write);
            Count -= last - write;
            if (entries.Count == 0)
                _runs.RemoveAt(run);
            else
                run++;
        }
    }

    /// <summary>The last run that begins at or below the offset; -1 when there is none.</summary>
    private int RunOf(long offset)
    {
        int low = 0;
        int high = _runs.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_runs[middle].Count == 0 || _runs[middle][0].Offset <= offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }

    /// <summary>Index of the first entry at or beyond an offset.</summary>
    private static int PlaceIn(List<(long Offset, T Value)> run, long offset)
    {
        int index = IndexIn(run, offset);
        return index < 0 ? ~index : index;
    }

    /// <summary>Index of the offset in a run, or the complement of where it belongs.</summary>
    private static int IndexIn(List<(long Offset, T Value)> run, long offset)
    {
        int low = 0;
        int high = run.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (run[middle].Offset < offset)
                low = middle + 1;
            else
                high = middle;
        }
        return low < run.Count && run[low].Offset == offset ? low : ~low;
    }
}
