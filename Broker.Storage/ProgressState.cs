using Broker.Messages;

namespace Broker.Storage;

/// <summary>A channel's progress as a plain state to which entries are applied in order. Not safe for concurrent use.</summary>
/// <remarks>
/// A kept message is finished in the log from <see cref="Keep"/> on, so it does not hold the floor, and its copy outlives the floor
/// passing it: only <see cref="ProgressKind.Finished"/> or <see cref="ProgressKind.Emptied"/> forget it.
/// </remarks>
internal sealed class ProgressState
{
    private readonly FinishedRanges _finished = new();
    private readonly SortedOffsets<Unfinished> _messages = new();

    /// <summary>All below is finished.</summary>
    public long Floor { get; private set; }

    /// <summary>Finished ranges above the floor, in order.</summary>
    public IReadOnlyList<OffsetRange> Finished => _finished.InOrder;

    /// <summary>States of unfinished messages, in order of their offsets.</summary>
    public IEnumerable<MessageState> Messages
    {
        get
        {
            foreach ((long offset, Unfinished state) in _messages.InOrder)
                yield return new MessageState(offset, state.Attempts, state.Due, state.IsKept);
        }
    }

    /// <summary>The dead letters.</summary>
    public DeadNumbers Dead { get; } = new();

    /// <summary>The changes that make the state, but for kept messages.</summary>
    public IEnumerable<ProgressEntry> Entries
    {
        get
        {
            yield return new ProgressEntry(ProgressKind.Floor, Floor);
            foreach (OffsetRange range in Finished)
                yield return new ProgressEntry(ProgressKind.Finished, range.Start, range.End);
            foreach ((long offset, Unfinished state) in _messages.InOrder)
            {
                if (!state.IsKept)
                    yield return new ProgressEntry(state.Due != 0 ? ProgressKind.Deferred : ProgressKind.Attempts, offset, state.Due, state.Attempts);
            }
            // A version that knows no dead letters reads the journals of channels that never had any.
            if (Dead.End == 0)
                yield break;
            yield return new ProgressEntry(ProgressKind.DeadBefore, Dead.End, Dead.Bytes);
            yield return new ProgressEntry(ProgressKind.DeadRemoved, 0, Dead.Floor);
            foreach (OffsetRange range in Dead.Removed)
                yield return new ProgressEntry(ProgressKind.DeadRemoved, range.Start, range.End);
        }
    }

    /// <summary>The messages of which the channel has its own copy, in order.</summary>
    public IEnumerable<MessageState> Kept => Messages.Where(message => message.Kept);

    /// <summary>Applies one change.</summary>
    public void Apply(in ProgressEntry entry)
    {
        switch (entry.Kind)
        {
            case ProgressKind.Finished:
                Finish(entry.Offset, entry.Value);
                break;
            case ProgressKind.Floor:
                _messages.Remove(0, entry.Offset, static state => state.IsKept);
                Floor = _finished.RaiseFloor(Math.Max(Floor, entry.Offset));
                break;
            case ProgressKind.Emptied:
                _messages.Remove(0, entry.Offset);
                Floor = _finished.RaiseFloor(Math.Max(Floor, entry.Offset));
                break;
            case ProgressKind.Deferred:
                SetState(entry.Offset, entry.Attempts, entry.Value);
                break;
            case ProgressKind.Attempts:
                SetState(entry.Offset, entry.Attempts, due: 0);
                break;
            case ProgressKind.Died:
                Finish(entry.Offset, entry.Offset + 1);
                Dead.Add(entry.Value, entry.Size);
                break;
            case ProgressKind.DeadRemoved:
                Dead.Remove(entry.Offset, entry.Value, entry.Size);
                break;
            case ProgressKind.DeadBefore:
                Dead.Begin(entry.Offset, entry.Value);
                break;
            default:
                throw new ArgumentException($"unknown kind of progress entry {(byte)entry.Kind}", nameof(entry));
        }
    }

    /// <summary>A message has been copied into the channel's own store: in the log it is finished.</summary>
    public void Keep(long offset, ushort attempts, long due)
    {
        _messages.Set(offset, new Unfinished(due, attempts, IsKept: true));
        if (offset >= Floor)
        {
            _finished.Add(offset, offset + 1);
            Floor = _finished.RaiseFloor(Floor);
        }
    }

    /// <summary>A dead letter has become a message again, of which the channel has a copy.</summary>
    public void Revive(long offset, long number, long size)
    {
        Keep(offset, attempts: 0, due: 0);
        Dead.Remove(number, number + 1, size);
    }

    /// <summary>Whether the channel has its own copy of a message.</summary>
    public bool IsKept(long offset) => _messages.TryGet(offset, out Unfinished state) && state.IsKept;

    /// <summary>A copy of the state as it is now.</summary>
    public ChannelState Snapshot() => new() { Floor = Floor, Finished = [.. _finished.InOrder], Messages = [.. Messages], Dead = Dead.Copy() };

    private void Finish(long start, long end)
    {
        _messages.Remove(start, end);
        if (end > Floor)
            _finished.Add(Math.Max(start, Floor), end);
        Floor = _finished.RaiseFloor(Floor);
    }

    private void SetState(long offset, ushort attempts, long due)
    {
        // What is finished has no state any more, unless a copy lives on in the channel's own store.
        bool isKept = IsKept(offset);
        if (isKept || offset >= Floor)
            _messages.Set(offset, new Unfinished(due, attempts, isKept));
    }

    private readonly record struct Unfinished(long Due, ushort Attempts, bool IsKept);
}
