namespace Broker.Storage;

/// <summary>
/// The states of a channel's unfinished messages, sorted by offset. Kept in short runs, so that a change costs the same whether there are ten
/// or a million, and a state costs its own 24 bytes and little more.
/// </summary>
internal sealed class MessageStates
{
    private const int RunCapacity = 256;

    private readonly List<List<MessageState>> _runs = [];

    /// <summary>Number of states.</summary>
    public int Count { get; private set; }

    /// <summary>Finds the state of an offset.</summary>
    public bool TryGet(long offset, out MessageState state)
    {
        int run = RunOf(offset);
        int index = run < 0 ? -1 : IndexIn(_runs[run], offset);
        state = index < 0 ? default : _runs[run][index];
        return index >= 0;
    }

    /// <summary>Adds a state or replaces that of the same offset.</summary>
    public void Set(in MessageState state)
    {
        int run = RunOf(state.Offset);
        if (run < 0)
        {
            if (_runs.Count == 0)
                _runs.Add([]);
            run = 0;
        }
        List<MessageState> states = _runs[run];
        int index = IndexIn(states, state.Offset);
        if (index >= 0)
        {
            states[index] = state;
            return;
        }
        Count++;
        index = ~index;
        if (states.Count < RunCapacity)
        {
            states.Insert(index, state);
        }
        else if (index == states.Count && run == _runs.Count - 1)
        {
            _runs.Add(new List<MessageState>(RunCapacity) { state });
        }
        else
        {
            List<MessageState> upper = new(RunCapacity);
            upper.AddRange(states[(RunCapacity / 2)..]);
            states.RemoveRange(RunCapacity / 2, RunCapacity - RunCapacity / 2);
            _runs.Insert(run + 1, upper);
            if (index <= RunCapacity / 2)
                states.Insert(index, state);
            else
                upper.Insert(index - RunCapacity / 2, state);
        }
    }

    /// <summary>Removes the states of a range of offsets, those of kept messages only if asked to.</summary>
    public void Remove(long start, long end, bool kept)
    {
        int run = Math.Max(RunOf(start), 0);
        while (run < _runs.Count && (_runs[run].Count == 0 || _runs[run][0].Offset < end))
        {
            List<MessageState> states = _runs[run];
            int first = IndexIn(states, start);
            if (first < 0)
                first = ~first;
            int last = IndexIn(states, end);
            if (last < 0)
                last = ~last;
            int write = first;
            for (int read = first; read < last; read++)
            {
                if (states[read].Kept && !kept)
                    states[write++] = states[read];
            }
            states.RemoveRange(write, last - write);
            Count -= last - write;
            if (states.Count == 0)
                _runs.RemoveAt(run);
            else
                run++;
        }
    }

    /// <summary>All states in order of their offsets.</summary>
    public IEnumerable<MessageState> InOrder()
    {
        foreach (List<MessageState> run in _runs)
        {
            foreach (MessageState state in run)
                yield return state;
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

    /// <summary>Index of the offset in a run, or the complement of where it belongs.</summary>
    private static int IndexIn(List<MessageState> run, long offset)
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
