using Broker.Channels;

namespace Broker.Gateway.Consuming;

/// <summary>
/// What is in flight for one consumer, as its gateway knows it: enough to hand it over when the channel was activated anew. A
/// message that timed out stays in it until it is delivered again or <see cref="RemoveExpired"/> finds it.
/// </summary>
internal sealed class InFlightTable
{
    private readonly Dictionary<long, Entry> _entries = [];

    /// <summary>Messages in the table.</summary>
    public int Count => _entries.Count;

    /// <summary>A message was delivered; times in milliseconds of the steady clock.</summary>
    public void Add(long offset, ushort attempts, long delivered, long deadline) =>
        _entries[offset] = new Entry(delivered, deadline, attempts, IsRequeued: false);

    /// <summary>A message was finished.</summary>
    public bool Remove(long offset) => _entries.Remove(offset);

    /// <summary>A message is about to be requeued.</summary>
    public void NoteRequeue(long offset)
    {
        if (_entries.TryGetValue(offset, out Entry entry))
            _entries[offset] = entry with { IsRequeued = true };
    }

    /// <summary>A message was requeued; if it has been delivered again since, that delivery stays.</summary>
    public void RemoveRequeued(long offset)
    {
        if (_entries.TryGetValue(offset, out Entry entry) && entry.IsRequeued)
            _entries.Remove(offset);
    }

    /// <summary>A message's timeout begins again, but ends <paramref name="maxTimeout"/> after its delivery at the latest.</summary>
    public void Touch(long offset, long now, long timeout, long maxTimeout)
    {
        if (_entries.TryGetValue(offset, out Entry entry))
            _entries[offset] = entry with { Deadline = Math.Min(now + timeout, entry.Delivered + maxTimeout) };
    }

    /// <summary>Forgets what timed out before <paramref name="time"/>.</summary>
    public void RemoveExpired(long time)
    {
        foreach ((long offset, Entry entry) in _entries)
        {
            if (entry.Deadline < time)
                _entries.Remove(offset);
        }
    }

    /// <summary>Everything, in order of delivery.</summary>
    /// <param name="ahead">Milliseconds that are added to the times.</param>
    public InFlightMessage[] ToArray(long ahead)
    {
        InFlightMessage[] messages = new InFlightMessage[_entries.Count];
        int i = 0;
        foreach ((long offset, Entry entry) in _entries)
            messages[i++] = new InFlightMessage(offset, entry.Attempts, entry.Delivered + ahead, entry.Deadline + ahead);
        Array.Sort(messages, static (a, b) => (a.Delivered, a.Offset).CompareTo((b.Delivered, b.Offset)));
        return messages;
    }

    private readonly record struct Entry(long Delivered, long Deadline, ushort Attempts, bool IsRequeued);
}
