namespace Broker.Grains.Channels;

/// <summary>Messages that were delivered or deferred and wait to be delivered again, and those of them whose bodies must be read first.</summary>
internal sealed class Redeliveries(ProgressNotes notes)
{
    private readonly Queue<DeferredMessage> _missing = new();
    private readonly List<DeferredMessage> _due = [];
    private long _fetching;

    /// <summary>Those whose bodies are in memory.</summary>
    public RunQueue Runs { get; } = new();

    /// <summary>How many there are whose bodies are not in memory.</summary>
    public long Bodiless => _missing.Count + _fetching;

    /// <summary>Whether bodies should be read.</summary>
    public bool WantsBodies => _missing.Count > 0 && Runs.Messages < ChannelLimits.MinReadAhead;

    /// <summary>Those whose bodies nobody has asked for yet, in no order.</summary>
    public IEnumerable<DeferredMessage> Missing => _missing;

    /// <summary>Adds a message that was in flight or is to be delivered at once, and notes its attempts.</summary>
    public void Add(long offset, ushort attempts, BodyRef body)
    {
        if (body.Batch is not null)
        {
            Runs.Enqueue(RunOf(offset, attempts, body));
            return;
        }

        notes.NoteAttempts(offset, attempts);
        _missing.Enqueue(new DeferredMessage(offset, attempts));
    }

    /// <summary>Adds a message that was remembered.</summary>
    public void Recover(DeferredMessage message) => _missing.Enqueue(message);

    /// <summary>Adds what is due of the deferred messages.</summary>
    public void TakeDue(Deferrals deferrals, Moment now)
    {
        long before = long.MinValue;
        while (deferrals.TryTakeDue(now, out DeferredMessage message, out long due, out BodyRef body))
        {
            if (body.Batch is not null)
            {
                Runs.Enqueue(RunOf(message.Offset, message.Attempts, body));
                continue;
            }

            if (due != before)
                QueueDue();
            before = due;
            _due.Add(message);
        }

        QueueDue();
    }

    /// <summary>Takes messages whose bodies are to be read.</summary>
    public List<DeferredMessage> TakeMissing(int max)
    {
        List<DeferredMessage> taken = new(Math.Min(max, _missing.Count));
        while (taken.Count < max && _missing.TryDequeue(out DeferredMessage message))
            taken.Add(message);
        _fetching += taken.Count;
        return taken;
    }

    /// <summary>Gives the body of a message that was asked for.</summary>
    public void Supply(in ReadyRun run)
    {
        _fetching--;
        Runs.Enqueue(run);
    }

    /// <summary>Gives a message back whose body was not read after all.</summary>
    public void PutBack(DeferredMessage message)
    {
        _fetching--;
        _missing.Enqueue(message);
    }

    /// <summary>Forgets a message that was asked for.</summary>
    public void Lose() => _fetching--;

    /// <summary>Takes one message out; false when it is not here, or its body is being read.</summary>
    public bool Remove(long offset)
    {
        if (Runs.Remove(offset))
            return true;
        bool found = false;
        for (int i = _missing.Count; i > 0; i--)
        {
            DeferredMessage message = _missing.Dequeue();
            if (message.Offset == offset)
                found = true;
            else
                _missing.Enqueue(message);
        }

        return found;
    }

    /// <summary>Takes out the messages below an offset whose bodies nobody has asked for yet.</summary>
    public List<DeferredMessage> RemoveMissing(long below)
    {
        List<DeferredMessage> removed = [];
        for (int i = _missing.Count; i > 0; i--)
        {
            DeferredMessage message = _missing.Dequeue();
            if (message.Offset < below)
                removed.Add(message);
            else
                _missing.Enqueue(message);
        }

        return removed;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Runs.Clear();
        _missing.Clear();
        _fetching = 0;
    }

    // What is due at the same moment leaves the heap in any order; in that of its offsets it is read in few ranges.
    private void QueueDue()
    {
        if (_due.Count > 1)
            _due.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        foreach (DeferredMessage message in _due)
            _missing.Enqueue(message);
        _due.Clear();
    }

    private static ReadyRun RunOf(long offset, ushort attempts, BodyRef body) => new(body.Batch!, body.Position, offset, 1, attempts);
}
