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
    private readonly MessageStates _messages = new();

    /// <summary>All below is finished.</summary>
    public long Floor { get; private set; }

    /// <summary>Finished ranges above the floor, in order.</summary>
    public IReadOnlyList<OffsetRange> Finished => _finished.InOrder;

    /// <summary>States of unfinished messages.</summary>
    public MessageStates Messages => _messages;

    /// <summary>Applies one change.</summary>
    public void Apply(in ProgressEntry entry)
    {
        switch (entry.Kind)
        {
            case ProgressKind.Finished:
                _messages.Remove(entry.Offset, entry.Value, kept: true);
                if (entry.Value > Floor)
                    _finished.Add(Math.Max(entry.Offset, Floor), entry.Value);
                Floor = _finished.RaiseFloor(Floor);
                break;
            case ProgressKind.Floor:
                RaiseFloor(entry.Offset, kept: false);
                break;
            case ProgressKind.Emptied:
                RaiseFloor(entry.Offset, kept: true);
                break;
            case ProgressKind.Deferred:
                SetState(entry.Offset, entry.Attempts, entry.Value);
                break;
            case ProgressKind.Attempts:
                SetState(entry.Offset, entry.Attempts, due: 0);
                break;
            default:
                throw new ArgumentException($"unknown kind of progress entry {(byte)entry.Kind}", nameof(entry));
        }
    }

    /// <summary>A message has been copied into the channel's own store: in the log it is finished.</summary>
    public void Keep(long offset, ushort attempts, long due)
    {
        _messages.Set(new MessageState(offset, attempts, due, Kept: true));
        if (offset >= Floor)
        {
            _finished.Add(offset, offset + 1);
            Floor = _finished.RaiseFloor(Floor);
        }
    }

    /// <summary>A copy of the state as it is now.</summary>
    public ChannelState Snapshot() =>
        new() { Floor = Floor, Finished = [.. _finished.InOrder], Messages = [.. _messages.InOrder()] };

    private void RaiseFloor(long offset, bool kept)
    {
        _messages.Remove(0, offset, kept);
        Floor = _finished.RaiseFloor(Math.Max(Floor, offset));
    }

    private void SetState(long offset, ushort attempts, long due)
    {
        bool kept = _messages.TryGet(offset, out MessageState known) && known.Kept;
        // What is finished has no state any more, unless a copy lives on in the channel's own store.
        if (kept || offset >= Floor)
            _messages.Set(new MessageState(offset, attempts, due, kept));
    }
}
