using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// Which messages of a channel are finished, of which its store has a copy of its own, and the changes of both that must be remembered over a
/// restart.
/// </summary>
/// <param name="start">First offset of the channel.</param>
/// <param name="ownsBodies">Whether the channel remembers nothing (an ephemeral one).</param>
internal sealed class ProgressNotes(long start, bool ownsBodies)
{
    private readonly FinishedOffsets _finished = new(start);
    private readonly HashSet<long> _kept = [];
    private long _runStart;
    private long _runEnd;
    private long _notedFloor = start;

    /// <summary>The changes, in order; complete after <see cref="Complete"/>.</summary>
    public List<ProgressEntry> Entries { get; } = [];

    /// <summary>All offsets below are finished.</summary>
    public long Floor => _finished.Floor;

    /// <summary>Begins anew with what was remembered.</summary>
    public void Recover(long floor, IReadOnlyList<OffsetRange> finished)
    {
        _finished.Reset(floor);
        _notedFloor = floor;
        foreach (OffsetRange range in finished)
            _finished.AddRange(range.Start, range.End);
    }

    /// <summary>The channel's store was found to have a copy of a message.</summary>
    public void RecoverKept(long offset)
    {
        _kept.Add(offset);
        _finished.Add(offset);
    }

    /// <summary>Whether a message is finished in the log.</summary>
    public bool IsFinished(long offset) => _finished.Contains(offset);

    /// <summary>Whether the channel's store has its own copy of a message.</summary>
    public bool IsKept(long offset) => _kept.Contains(offset);

    /// <summary>The stretches from one offset to another that are not finished.</summary>
    public IEnumerable<OffsetRange> Unfinished(long from, long to) => _finished.Unfinished(from, to);

    /// <summary>Offsets hold no message: they count as finished, without a note of their own.</summary>
    public void PassOver(long from, long to) => _finished.AddRange(from, to);

    /// <summary>A message is finished.</summary>
    public void Finish(long offset)
    {
        _finished.Add(offset);
        if (_kept.Count > 0)
            _kept.Remove(offset);
        if (ownsBodies)
            return;
        if (offset == _runEnd && _runEnd > _runStart)
        {
            _runEnd++;
            return;
        }

        if (_runEnd > _runStart)
            Entries.Add(new ProgressEntry(ProgressKind.Finished, _runStart, _runEnd));
        _runStart = offset;
        _runEnd = offset + 1;
    }

    /// <summary>The channel's store has a copy of a message now, which is finished in the log by that; false when it was finished meanwhile.</summary>
    public bool Keep(long offset)
    {
        if (_finished.Contains(offset))
        {
            Entries.Add(new ProgressEntry(ProgressKind.Finished, offset, offset + 1));
            return false;
        }

        Complete();
        RecoverKept(offset);
        Complete();
        return true;
    }

    /// <summary>The channel's store has a message as a dead letter now, and it is finished by that.</summary>
    public void Bury(long offset)
    {
        Complete();
        _finished.Add(offset);
        _kept.Remove(offset);
    }

    /// <summary>Dead letters are given up.</summary>
    public void RemoveDead(long from, long to, long size) => Note(new ProgressEntry(ProgressKind.DeadRemoved, from, to, Size: size));

    /// <summary>A message waits again.</summary>
    public void NoteAttempts(long offset, ushort attempts) => Note(new ProgressEntry(ProgressKind.Attempts, offset, 0, attempts));

    /// <summary>A message is deferred.</summary>
    public void NoteDeferral(long offset, ushort attempts, long due) => Note(new ProgressEntry(ProgressKind.Deferred, offset, due, attempts));

    /// <summary>All below an offset is dropped.</summary>
    public void Empty(long end)
    {
        _kept.Clear();
        _finished.Reset(end);
        _runStart = _runEnd = 0;
        _notedFloor = end;
        Entries.Add(new ProgressEntry(ProgressKind.Emptied, end));
    }

    /// <summary>Closes what may still grow.</summary>
    public void Complete()
    {
        if (_runEnd > _runStart)
        {
            Entries.Add(new ProgressEntry(ProgressKind.Finished, _runStart, _runEnd));
            _runStart = _runEnd = 0;
        }

        if (_finished.Floor != _notedFloor)
        {
            _notedFloor = _finished.Floor;
            Entries.Add(new ProgressEntry(ProgressKind.Floor, _notedFloor));
        }
    }

    private void Note(in ProgressEntry entry)
    {
        Complete();
        Entries.Add(entry);
    }
}
