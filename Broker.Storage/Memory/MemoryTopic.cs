using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>One generation of a topic in memory, shared by its log and its readers.</summary>
internal sealed class MemoryTopic(string name, int generation, Action<MemoryTopic> deleted)
{
    private readonly Lock _lock = new();
    private readonly MemoryBatches _batches = new();
    private readonly PublishSequences _sequences = new();
    private readonly Dictionary<string, MemoryChannel> _channels = new(StringComparer.Ordinal);
    private TopicRecord _record = new();
    private long _epoch;
    private bool _deleted;

    public string Name => name;

    public int Generation => generation;

    public TopicRecord Record
    {
        get
        {
            lock (_lock)
                return _record;
        }
    }

    public long Start
    {
        get
        {
            lock (_lock)
                return _batches.Start;
        }
    }

    public long End
    {
        get
        {
            lock (_lock)
                return _batches.End;
        }
    }

    public long Bytes
    {
        get
        {
            lock (_lock)
                return _batches.Bytes;
        }
    }

    public MemoryTopicLog Open()
    {
        lock (_lock)
            return new MemoryTopicLog(this, ++_epoch, _batches.End, _sequences.ToDictionary());
    }

    public void Append(long epoch, MessageBatch batch, long publisher, long sequence, long lowest)
    {
        lock (_lock)
        {
            Check(epoch);
            if (batch.BaseOffset != _batches.End)
                throw new ArgumentException($"batch at {batch.BaseOffset} does not follow {_batches.End}", nameof(batch));
            _batches.Append(batch);
            if (publisher != 0)
                _sequences.Add(publisher, sequence, lowest);
        }
    }

    public void Verify(long epoch)
    {
        lock (_lock)
            Check(epoch);
    }

    public void Save(long epoch, TopicRecord record)
    {
        lock (_lock)
        {
            Check(epoch);
            _record = record;
        }
    }

    public void Trim(long epoch, long below)
    {
        lock (_lock)
        {
            Check(epoch);
            _batches.Trim(below);
        }
    }

    public void Delete(long epoch)
    {
        lock (_lock)
        {
            Check(epoch);
            _deleted = true;
            foreach (MemoryChannel channel in _channels.Values)
                channel.Remove();
            _channels.Clear();
        }
        deleted(this);
    }

    public LogRead Read(long from, long to, int maxBytes)
    {
        lock (_lock)
            return _batches.Read(from, to, maxBytes);
    }

    public LogCount Count(long from, long to)
    {
        lock (_lock)
        {
            LogCount count = _batches.Count(from, to);
            foreach (OffsetRange hidden in _record.Hidden)
            {
                LogCount skipped = _batches.Count(Math.Max(from, hidden.Start), Math.Min(to, hidden.End));
                count = new LogCount(
                    count.Messages - skipped.Messages, count.Deferred - skipped.Deferred, count.Bytes - skipped.Bytes);
            }
            return count;
        }
    }

    public IReadOnlyList<DeferredHeader> Deferred(long from, long to)
    {
        lock (_lock)
            return _batches.Deferred(from, to);
    }

    public MemoryChannelProgress OpenChannel(string channel, long incarnation)
    {
        lock (_lock)
        {
            if (_deleted)
                throw new FencedException($"topic {name} was deleted");
            if (_channels.TryGetValue(channel, out MemoryChannel? known))
            {
                if (known.Incarnation > incarnation)
                    throw new FencedException($"channel {channel} of topic {name} was made anew");
                if (known.Incarnation == incarnation)
                    return known.Open();
                known.Remove();
            }
            MemoryChannel made = new(name, channel, incarnation);
            _channels[channel] = made;
            return made.Open();
        }
    }

    public void DeleteChannel(string channel, long incarnation)
    {
        lock (_lock)
        {
            if (_channels.TryGetValue(channel, out MemoryChannel? known) && known.Incarnation <= incarnation)
            {
                known.Remove();
                _channels.Remove(channel);
            }
        }
    }

    private void Check(long epoch)
    {
        if (_deleted)
            throw new FencedException($"topic {name} was deleted");
        if (epoch != _epoch)
            throw new FencedException($"topic {name} was opened by another");
    }
}
