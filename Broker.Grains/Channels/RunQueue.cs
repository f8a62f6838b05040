namespace Broker.Grains.Channels;

/// <summary>Runs of messages in the order of their delivery, in a circular buffer, with their number of messages and bytes.</summary>
public sealed class RunQueue
{
    private ReadyRun[] _runs = [];
    private int _head;

    /// <summary>Number of runs.</summary>
    public int RunCount { get; private set; }

    /// <summary>Number of messages.</summary>
    public long Messages { get; private set; }

    /// <summary>The run at <paramref name="index"/>, 0 being the first.</summary>
    public ReadyRun this[int index] => _runs[(_head + index) & (_runs.Length - 1)];

    /// <summary>The first run; there must be one.</summary>
    public ReadyRun First => _runs[_head];

    /// <summary>Adds a run behind all others.</summary>
    public void Enqueue(in ReadyRun run)
    {
        if (RunCount == _runs.Length)
            Grow();
        _runs[(_head + RunCount) & (_runs.Length - 1)] = run;
        RunCount++;
        Messages += run.Count;
    }

    /// <summary>Removes <paramref name="count"/> messages from the first run, whose rest begins at <paramref name="position"/>.</summary>
    public void Take(int count, int position)
    {
        ref ReadyRun first = ref _runs[_head];
        Messages -= count;
        if (count < first.Count)
        {
            first = first with { Position = position, FirstOffset = first.FirstOffset + count, Count = first.Count - count };
            return;
        }

        first = default;
        _head = (_head + 1) & (_runs.Length - 1);
        RunCount--;
    }

    /// <summary>Keeps the first <paramref name="messages"/> and returns how many were dropped behind them.</summary>
    public long TrimTo(long messages)
    {
        long dropped = 0;
        while (Messages > messages)
        {
            ref ReadyRun last = ref _runs[(_head + RunCount - 1) & (_runs.Length - 1)];
            int drop = (int)Math.Min(last.Count, Messages - messages);
            dropped += drop;
            Messages -= drop;
            if (drop < last.Count)
            {
                last = last with { Count = last.Count - drop };
                break;
            }

            last = default;
            RunCount--;
        }

        return dropped;
    }

    /// <summary>Takes one message out wherever it stands; false when it is not here.</summary>
    public bool Remove(long offset)
    {
        for (int i = 0; i < RunCount; i++)
        {
            ReadyRun run = this[i];
            if (offset < run.FirstOffset || offset >= run.FirstOffset + run.Count)
                continue;
            Rebuild(offset);
            return true;
        }

        return false;
    }

    /// <summary>Removes everything and gives the memory back.</summary>
    public void Clear()
    {
        _runs = [];
        _head = 0;
        RunCount = 0;
        Messages = 0;
    }

    private void Rebuild(long without)
    {
        ReadyRun[] runs = new ReadyRun[RunCount];
        for (int i = 0; i < runs.Length; i++)
            runs[i] = this[i];
        Clear();
        foreach (ReadyRun run in runs)
        {
            if (without < run.FirstOffset || without >= run.FirstOffset + run.Count)
            {
                Enqueue(run);
                continue;
            }

            int before = (int)(without - run.FirstOffset);
            if (before > 0)
                Enqueue(run with { Count = before });
            if (before + 1 < run.Count)
            {
                int position = run.Position;
                for (int i = 0; i <= before; i++)
                    position += run.Batch.SizeAt(position);
                Enqueue(run with { Position = position, FirstOffset = without + 1, Count = run.Count - before - 1 });
            }
        }
    }

    private void Grow()
    {
        ReadyRun[] grown = new ReadyRun[Math.Max(16, _runs.Length * 2)];
        for (int i = 0; i < RunCount; i++)
            grown[i] = this[i];
        _runs = grown;
        _head = 0;
    }
}
