using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>One incarnation of a channel's progress in memory.</summary>
internal sealed class MemoryChannel(string topic, string name, long incarnation)
{
    private readonly Lock _lock = new();
    private readonly ProgressState _state = new();
    private readonly Dictionary<long, MessageBatch> _kept = [];
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
            if (_kept.Count > 0 && entry.Kind is (ProgressKind.Finished or ProgressKind.Emptied))
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
