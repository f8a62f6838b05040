using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>One incarnation of a channel's progress in memory.</summary>
internal sealed class MemoryChannel(string topic, string name, long incarnation)
{
    private readonly Lock _lock = new();
    private readonly ProgressState _state = new();
    private readonly Dictionary<long, MessageBatch> _kept = [];
    private readonly SortedDictionary<long, DeadLetter> _dead = [];
    private long _epoch;
    private bool _used;
    private bool _removed;

    public long Incarnation => incarnation;

    public long Floor
    {
        get
        {
            lock (_lock)
                return _state.Floor;
        }
    }

    public MemoryChannelProgress Open()
    {
        lock (_lock)
            return new MemoryChannelProgress(this, ++_epoch);
    }

    public void Remove()
    {
        lock (_lock)
            _removed = true;
    }

    public ChannelState? Load()
    {
        lock (_lock)
            return _used ? _state.Snapshot() : null;
    }

    /// <summary>Applies a change, unless another opening has taken over.</summary>
    public void Note(long epoch, in ProgressEntry entry)
    {
        lock (_lock)
        {
            if (epoch != _epoch || _removed)
                return;
            _used = true;
            _state.Apply(entry);
            // Copies are looked for only where the change can have ended some: all kept ones are few.
            if (_kept.Count > 0 && entry.Kind is (ProgressKind.Finished or ProgressKind.Emptied or ProgressKind.Died))
            {
                foreach (long offset in _kept.Keys.ToArray())
                {
                    if (!_state.IsKept(offset))
                        _kept.Remove(offset);
                }
            }
        }
    }

    public void Keep(long epoch, MessageBatch message, ushort attempts, long due)
    {
        lock (_lock)
        {
            Check(epoch);
            _used = true;
            // When it is due is part of the state from now on, and may change.
            _kept[message.BaseOffset] = message.IsDeferred
                ? new MessageBatch { BaseOffset = message.BaseOffset, Count = message.Count, Records = message.Records }
                : message;
            _state.Keep(message.BaseOffset, attempts, due);
        }
    }

    public MessageBatch? ReadKept(long offset)
    {
        lock (_lock)
            return _kept.GetValueOrDefault(offset);
    }

    public void Bury(long epoch, IReadOnlyList<DeadLetter> letters)
    {
        lock (_lock)
        {
            Check(epoch);
            foreach (DeadLetter letter in letters)
            {
                _dead[letter.Number] = letter;
                Note(epoch, new ProgressEntry(ProgressKind.Died, letter.Offset, letter.Number, Size: letter.Size));
            }
        }
    }

    public DeadRead ReadDead(long from, long to, int maxBytes)
    {
        lock (_lock)
        {
            List<DeadLetter> letters = [];
            long bytes = 0;
            foreach (DeadLetter letter in _dead.Values.SkipWhile(letter => letter.Number < from).TakeWhile(letter => letter.Number < to))
            {
                bytes += letter.Size;
                if (letters.Count > 0 && bytes > maxBytes)
                    return new DeadRead(letters, letter.Number);
                letters.Add(letter);
            }
            return new DeadRead(letters, to);
        }
    }

    public void Revive(long epoch, IReadOnlyList<DeadLetter> letters)
    {
        lock (_lock)
        {
            Check(epoch);
            foreach (DeadLetter letter in letters)
            {
                _kept[letter.Offset] = letter.Message;
                _state.Revive(letter.Offset, letter.Number, letter.Size);
            }
        }
    }

    public void FreeDead(long epoch)
    {
        lock (_lock)
        {
            Check(epoch);
            foreach (long number in _dead.Keys.Where(number => !_state.Dead.Live(number, number + 1).Any()).ToArray())
                _dead.Remove(number);
        }
    }

    public void Check(long epoch)
    {
        lock (_lock)
        {
            if (_removed)
                throw new FencedException($"channel {name} of topic {topic} was deleted");
            if (epoch != _epoch)
                throw new FencedException($"channel {name} of topic {topic} was opened by another");
        }
    }
}
