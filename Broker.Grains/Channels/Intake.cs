using Broker.Channels;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// Takes messages over from the topic: up to <see cref="Cursor"/> they were taken into the window or are known one by one; between
/// <see cref="Cursor"/> and <see cref="End"/> they lie in the log and are only counted.
/// </summary>
internal sealed class Intake(long start, ChannelLimits limits, MessageWindow window, Deferrals deferrals, ProgressNotes notes, QueueBooks books)
{
    private readonly HashSet<long> _known = [];
    private IReadOnlyList<OffsetRange> _hidden = [];

    // From here on a batch needs no look at each of its messages.
    private long _plainFrom = start;

    /// <summary>Up to here (exclusive) messages were taken from the log.</summary>
    public long Cursor { get; private set; } = start;

    /// <summary>Up to here (exclusive) messages were offered.</summary>
    public long End { get; private set; } = start;

    /// <summary>Messages between <see cref="Cursor"/> and <see cref="End"/> that are due at once.</summary>
    public long Backlog { get; private set; }

    /// <summary>
    /// Whether the window has room for more of the log. What is left to read is known by its offsets alone: the count of the backlog is for
    /// figures, and nothing rests on it.
    /// </summary>
    public bool WantsLog => Cursor < End && window.WantsLog;

    /// <summary>Begins anew between two offsets.</summary>
    public void Recover(long floor, long end, IReadOnlyList<OffsetRange> hidden, IReadOnlyList<OffsetRange> finished)
    {
        Cursor = floor;
        End = end;
        _plainFrom = floor;
        Hide(hidden);
        foreach (OffsetRange range in finished)
            _plainFrom = Math.Max(_plainFrom, range.End);
    }

    /// <summary>A message was remembered; false when it is finished or does not belong to the channel.</summary>
    public bool TryRecover(in MessageState message)
    {
        if (message.Kept)
            notes.RecoverKept(message.Offset);
        else if (notes.IsFinished(message.Offset) || message.Offset >= End)
            return false;
        else
            _known.Add(message.Offset);
        PassPlain(message.Offset + 1);
        return true;
    }

    /// <summary>Goes on behind what is finished.</summary>
    public void Recovered(IReadOnlyList<DeferredHeader> deferred)
    {
        foreach (DeferredHeader header in deferred)
            RegisterDeferred(header.BaseOffset, header.DueTimes, follows: false, count: false);
        Cursor = Math.Max(Cursor, notes.Floor);
    }

    /// <summary>Says what the log holds above the cursor (<see cref="ChannelQueue.SetBacklog"/>).</summary>
    public void SetBacklog(long inLog, long known)
    {
        Backlog = Math.Max(0, inLog - known);
        if (inLog == 0)
            PassTo(End);
    }

    /// <summary>Whether a message is known one by one (recovered with attempts or a due time), so that the log's count of it is void.</summary>
    public bool IsKnown(long offset) => _known.Contains(offset);

    /// <summary>Whether an offset above the cursor would be loaded, if the log has a message there that is due at once.</summary>
    public bool WaitsInLog(long offset) =>
        offset >= Cursor && offset < End && !notes.IsFinished(offset) && !_known.Contains(offset) && !IsHidden(offset);

    /// <summary>Sets the ranges that do not belong to the channel.</summary>
    public void Hide(IReadOnlyList<OffsetRange> hidden)
    {
        _hidden = hidden;
        foreach (OffsetRange range in hidden)
            PassPlain(range.End);
    }

    /// <summary>Takes over what was offered with its batches (<see cref="ChannelQueue.Offer(long, long, IReadOnlyList{MessageBatch})"/>).</summary>
    public bool Offer(long from, long end, IReadOnlyList<MessageBatch> batches)
    {
        if (from > End)
            return false;
        if (end <= End)
            return true;
        bool follows = Cursor == End;
        foreach (MessageBatch batch in batches)
        {
            if (batch.BaseOffset < End)
                continue;
            if (batch.IsDeferred)
            {
                RegisterDeferred(batch.BaseOffset, batch.DueTimes!, follows, count: true, limits.OwnsBodies ? batch : null);
                continue;
            }

            books.Messages += batch.Count;
            follows = follows && window.HasRoom;
            if (follows)
                Load(batch);
            else
                Backlog += batch.Count;
        }

        End = end;
        if (follows)
            PassTo(end);
        return true;
    }

    /// <summary>Takes over what was offered without its batches (<see cref="ChannelQueue.Offer(long, long, long, IReadOnlyList{DeferredHeader})"/>).</summary>
    public bool Offer(long from, long end, long messages, IReadOnlyList<DeferredHeader> deferred)
    {
        if (end <= End)
            return true;
        if (from != End)
            return false;
        foreach (DeferredHeader header in deferred)
            RegisterDeferred(header.BaseOffset, header.DueTimes, follows: false, count: true);
        books.Messages += messages;
        Backlog += messages;
        End = end;
        return true;
    }

    /// <summary>Passes over offsets that never come.</summary>
    public void SkipTo(long offset)
    {
        if (offset <= End)
            return;
        End = offset;
        PassTo(offset);
    }

    /// <summary>Takes what was read from the log (<see cref="ChannelQueue.TakeFromLog"/>).</summary>
    public void TakeFromLog(IReadOnlyList<MessageBatch> batches, long end)
    {
        foreach (MessageBatch batch in batches)
        {
            if (batch.EndOffset > Cursor && batch.BaseOffset < End && !batch.IsDeferred)
                TakeOffBacklog(Load(batch));
        }

        PassTo(Math.Min(end, End));
        // Damage may have taken messages that were counted.
        if (Cursor == End)
        {
            books.Discard(DiscardCause.Lost, Backlog);
            Backlog = 0;
        }
    }

    /// <summary>Takes a message out that lies ahead of the cursor: it will not be loaded; false when it lies elsewhere or is known already.</summary>
    public bool TryClaim(long offset)
    {
        if (offset < Cursor || !_known.Add(offset))
            return false;
        LeaveOut(offset);
        return true;
    }

    /// <summary>A message ahead of the cursor is not to be loaded: it is finished, or known.</summary>
    public void LeaveOut(long offset)
    {
        PassPlain(offset + 1);
        TakeOffBacklog(1);
    }

    /// <summary>Forgets everything below an offset and all that was offered.</summary>
    public void Empty(long end)
    {
        End = Math.Max(End, end);
        Cursor = End;
        Backlog = 0;
        _known.Clear();
    }

    private void PassPlain(long offset) => _plainFrom = Math.Max(_plainFrom, offset);

    // The window takes a batch; returns how many of its messages belong to the channel and were not known before.
    private int Load(MessageBatch batch)
    {
        PassTo(batch.BaseOffset);
        int loaded = batch.Count;
        if (batch.BaseOffset >= _plainFrom)
            window.Add(batch, 0, batch.BaseOffset, batch.Count);
        else
            loaded = LoadEach(batch);
        if (loaded > 0)
            window.Charge(batch);
        Cursor = Math.Max(Cursor, batch.EndOffset);
        return loaded;
    }

    private int LoadEach(MessageBatch batch)
    {
        int loaded = 0;
        int position = 0;
        int runPosition = 0;
        int run = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            long offset = batch.BaseOffset + i;
            bool hidden = IsHidden(offset);
            if (hidden)
                notes.Finish(offset);
            if (hidden || offset < Cursor || notes.IsFinished(offset) || _known.Remove(offset))
            {
                window.Add(batch, runPosition, offset - run, run);
                loaded += run;
                run = 0;
            }
            else if (run++ == 0)
            {
                runPosition = position;
            }

            position += batch.SizeAt(position);
        }

        window.Add(batch, runPosition, batch.EndOffset - run, run);
        return loaded + run;
    }

    // Offsets between the cursor and here hold no message to be loaded: lost in a crash, trimmed, damaged, or deferred (known one by one).
    private void PassTo(long offset)
    {
        if (offset <= Cursor)
            return;
        if (_known.Count > 0)
        {
            // A former incarnation may have left billions of offsets unused: whichever are fewer are looked through.
            IEnumerable<long> known = offset - Cursor < _known.Count
                ? Enumerable.Sequence(Cursor, offset - 1, 1L).Where(_known.Contains)
                : _known.Where(one => one >= Cursor && one < offset).Order();
            foreach (long one in known.ToArray())
            {
                notes.PassOver(Cursor, one);
                Cursor = one + 1;
                _known.Remove(one);
            }

            if (_known.Count == 0)
                _known.TrimExcess();
        }

        notes.PassOver(Cursor, offset);
        Cursor = offset;
    }

    // The log has more than was counted, or less: either way the books are put right with what is really there.
    private void TakeOffBacklog(long messages)
    {
        Backlog -= messages;
        if (Backlog >= 0)
            return;
        books.StartedWith -= Backlog;
        Backlog = 0;
    }

    private bool IsHidden(long offset)
    {
        foreach (OffsetRange range in _hidden)
        {
            if (range.Contains(offset))
                return true;
        }

        return false;
    }

    // What follows all that was taken is passed at once; what lies ahead of the cursor is remembered until the cursor comes there.
    private void RegisterDeferred(long baseOffset, long[] dueTimes, bool follows, bool count, MessageBatch? bodies = null)
    {
        if (follows)
            PassTo(baseOffset);
        int position = 0;
        for (int i = 0; i < dueTimes.Length; i++)
        {
            long offset = baseOffset + i;
            BodyRef body = new(bodies, position);
            if (bodies is not null)
                position += bodies.SizeAt(position);
            if (notes.IsFinished(offset) || IsHidden(offset) || (!follows && !_known.Add(offset)))
                continue;
            if (count)
            {
                books.Messages++;
                books.Deferrals++;
            }

            deferrals.Add(new DeferredMessage(offset, 0), dueTimes[i], body);
        }

        if (follows)
            Cursor = baseOffset + dueTimes.Length;
        else
            PassPlain(baseOffset + dueTimes.Length);
    }
}
