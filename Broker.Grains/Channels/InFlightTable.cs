using Broker.Channels;
using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>
/// The messages of a channel that are out with consumers, and their deadlines. Adding and removing cost the same however many there are:
/// messages with the same timeout fall due in the order of their delivery, so each timeout has a linked list; the few whose deadline is out
/// of that order (touched up to the limit, or handed over) stand in a heap. All its times are of the steady clock, in milliseconds.
/// </summary>
public sealed class InFlightTable
{
    private const int None = -1;

    // Each list is looked at for the next deadline, so consumers with ever new timeouts get no more of them.
    private const int MaxLists = 16;

    // What no longer counts may lie in the heap beside as many that do, and so many more.
    private const int MaxStale = 1024;

    private readonly OffsetMap _slots = new();
    private readonly SortedList<int, DeadlineList> _lists = [];
    private readonly PriorityQueue<(int Slot, uint Version), long> _irregular = new();
    private Entry[] _entries = [];
    private BodyRef[] _bodies = [];
    private int _free = None;
    private int _used;

    /// <summary>Number of messages in flight.</summary>
    public int Count => _slots.Count;

    /// <summary>Adds a message that is delivered now.</summary>
    /// <param name="offset">Its offset; must not be in the table.</param>
    /// <param name="attempts">Deliveries with this one.</param>
    /// <param name="consumer">Who has it.</param>
    /// <param name="now">The time.</param>
    /// <param name="published">When it was published, in nanoseconds since the Unix epoch.</param>
    /// <param name="body">Where its body is, for a channel that owns its bodies.</param>
    /// <remarks>The consumer's position (<see cref="Consumer.Sent"/>) is behind the message already.</remarks>
    public void Add(long offset, ushort attempts, Consumer consumer, long now, long published, BodyRef body = default)
    {
        int slot = Allocate(offset, attempts, consumer, now, published, body);
        Append(slot, consumer.MessageTimeout, now + consumer.MessageTimeout);
    }

    /// <summary>Adds a message that was delivered before and is handed over by its gateway.</summary>
    /// <param name="message">The message, with times of its gateway's wall clock.</param>
    /// <param name="consumer">Who has it.</param>
    /// <param name="now">The time.</param>
    /// <param name="max">Greatest time from delivery to timeout.</param>
    public void AddHandedOver(in InFlightMessage message, Consumer consumer, Moment now, long max)
    {
        // Either wall clock may have been set since the delivery: what is left of the timeout is no more than all of it.
        long passed = Math.Clamp(now.Wall - message.Delivered, 0, max);
        long left = Math.Clamp(message.Deadline - now.Wall, 0, consumer.MessageTimeout);
        int slot = Allocate(message.Offset, message.Attempts, consumer, now.Steady - passed, published: 0, default);
        AddIrregular(slot, now.Steady + left);
    }

    /// <summary>Whether a message is in flight, and with whom.</summary>
    public bool TryGet(long offset, out Consumer consumer, out ushort attempts)
    {
        if (_slots.TryGet(offset, out int slot))
        {
            ref Entry entry = ref _entries[slot];
            consumer = entry.Consumer!;
            attempts = entry.Attempts;
            return true;
        }

        consumer = null!;
        attempts = 0;
        return false;
    }

    /// <summary>A message in flight with its deadline and where its body is; null when it is not in flight.</summary>
    public StandingMessage? Find(long offset) => _slots.TryGet(offset, out int slot) ? Describe(slot) : null;

    /// <summary>All messages in flight with their deadlines, in no order.</summary>
    public IEnumerable<StandingMessage> All()
    {
        for (int slot = 0; slot < _used; slot++)
        {
            if (_entries[slot].Consumer is not null)
                yield return Describe(slot);
        }
    }

    /// <summary>When a message was delivered; 0 when it is not in flight.</summary>
    public long DeliveredAt(long offset) => _slots.TryGet(offset, out int slot) ? _entries[slot].Delivered : 0;

    /// <summary>Removes a message that is in flight and returns where its body is.</summary>
    public BodyRef Remove(long offset) => Remove(offset, out _);

    /// <summary>Removes a message that is in flight and returns where its body is.</summary>
    /// <param name="offset">Its offset.</param>
    /// <param name="published">When it was published, in nanoseconds since the Unix epoch; 0 when it was handed over and nobody knows.</param>
    public BodyRef Remove(long offset, out long published)
    {
        int slot = _slots.Remove(offset);
        BodyRef body = BodyAt(slot);
        published = _entries[slot].Published;
        Release(slot);
        return body;
    }

    /// <summary>What a consumer has in flight that was sent to it beyond a position, in order of the offsets.</summary>
    public List<long> SentBeyond(Consumer consumer, long position)
    {
        List<long> offsets = [];
        for (int slot = 0; slot < _used; slot++)
        {
            if (ReferenceEquals(_entries[slot].Consumer, consumer) && _entries[slot].Sent > position)
                offsets.Add(_entries[slot].Offset);
        }

        offsets.Sort();
        return offsets;
    }

    /// <summary>Sets the deadline anew: now plus the consumer's timeout, but at most <paramref name="max"/> ms after delivery.</summary>
    public void Touch(long offset, long now, long max)
    {
        if (!_slots.TryGet(offset, out int slot))
            return;
        ref Entry entry = ref _entries[slot];
        long deadline = now + entry.Consumer!.MessageTimeout;
        long limit = entry.Delivered + max;
        // At the limit nothing changes any more.
        if (deadline > limit && entry.List == None && entry.Deadline == limit)
            return;
        Unlink(slot);
        if (deadline <= limit)
            Append(slot, entry.Consumer.MessageTimeout, deadline);
        else
            AddIrregular(slot, limit);
    }

    /// <summary>Earliest deadline; <see cref="long.MaxValue"/> when nothing is in flight.</summary>
    public long NextDeadline()
    {
        long next = long.MaxValue;
        foreach (DeadlineList list in _lists.Values)
        {
            if (list.Head != None)
                next = Math.Min(next, _entries[list.Head].Deadline);
        }

        DropStale();
        if (_irregular.TryPeek(out _, out long deadline))
            next = Math.Min(next, deadline);
        return next;
    }

    /// <summary>Takes out one message whose deadline has passed.</summary>
    public bool TryExpire(long now, out long offset, out ushort attempts, out Consumer consumer, out long sent, out BodyRef body)
    {
        int due = None;
        foreach (DeadlineList list in _lists.Values)
        {
            if (list.Head != None && _entries[list.Head].Deadline <= now)
            {
                due = list.Head;
                break;
            }
        }

        if (due == None)
        {
            DropStale();
            if (_irregular.TryPeek(out (int Slot, uint Version) top, out long deadline) && deadline <= now)
                due = top.Slot;
        }

        if (due == None)
        {
            offset = 0;
            attempts = 0;
            consumer = null!;
            sent = 0;
            body = default;
            return false;
        }

        ref Entry entry = ref _entries[due];
        sent = entry.Sent;
        offset = entry.Offset;
        attempts = entry.Attempts;
        consumer = entry.Consumer!;
        body = Remove(offset);
        return true;
    }

    /// <summary>All messages in flight, in order of their offsets.</summary>
    public IEnumerable<(long Offset, ushort Attempts, Consumer Consumer)> Snapshot()
    {
        List<(long Offset, ushort Attempts, Consumer Consumer)> all = new(Count);
        for (int slot = 0; slot < _used; slot++)
        {
            if (_entries[slot].Consumer is { } consumer)
                all.Add((_entries[slot].Offset, _entries[slot].Attempts, consumer));
        }

        all.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        return all;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _slots.Clear();
        _lists.Clear();
        _irregular.Clear();
        _entries = [];
        _bodies = [];
        _free = None;
        _used = 0;
    }

    private int Allocate(long offset, ushort attempts, Consumer consumer, long delivered, long published, BodyRef body)
    {
        int slot = _free;
        if (slot != None)
        {
            _free = _entries[slot].Next;
        }
        else
        {
            slot = _used++;
            if (slot == _entries.Length)
                Array.Resize(ref _entries, Math.Max(16, slot * 2));
        }

        ref Entry entry = ref _entries[slot];
        entry.Offset = offset;
        entry.Attempts = attempts;
        entry.Consumer = consumer;
        entry.Delivered = delivered;
        entry.Published = published;
        entry.Sent = consumer.Sent;
        entry.Previous = None;
        entry.Next = None;
        entry.List = None;
        if (body.Batch is not null)
        {
            if (_bodies.Length < _entries.Length)
                Array.Resize(ref _bodies, _entries.Length);
            _bodies[slot] = body;
        }

        _slots.Add(offset, slot);
        return slot;
    }

    private StandingMessage Describe(int slot)
    {
        ref Entry entry = ref _entries[slot];
        return new StandingMessage(MessageStage.InFlight, entry.Offset, entry.Attempts)
        {
            Deadline = entry.Deadline,
            Consumer = entry.Consumer,
            Body = BodyAt(slot),
        };
    }

    private BodyRef BodyAt(int slot) => slot < _bodies.Length ? _bodies[slot] : default;

    private void Release(int slot)
    {
        Unlink(slot);
        ref Entry entry = ref _entries[slot];
        entry.Consumer = null;
        entry.Version++;
        entry.Next = _free;
        _free = slot;
        if (slot < _bodies.Length)
            _bodies[slot] = default;
        if (_slots.Count == 0)
            _irregular.Clear();
    }

    private void Append(int slot, int timeout, long deadline)
    {
        if (!_lists.TryGetValue(timeout, out DeadlineList? list))
        {
            if (_lists.Count >= MaxLists && !DropEmptyLists())
            {
                AddIrregular(slot, deadline);
                return;
            }

            list = new DeadlineList();
            _lists.Add(timeout, list);
        }

        ref Entry entry = ref _entries[slot];
        entry.Deadline = deadline;
        entry.List = timeout;
        entry.Previous = list.Tail;
        entry.Next = None;
        if (list.Tail == None)
            list.Head = slot;
        else
            _entries[list.Tail].Next = slot;
        list.Tail = slot;
    }

    private bool DropEmptyLists()
    {
        for (int i = _lists.Count - 1; i >= 0; i--)
        {
            if (_lists.GetValueAtIndex(i).Head == None)
                _lists.RemoveAt(i);
        }

        return _lists.Count < MaxLists;
    }

    private void AddIrregular(int slot, long deadline)
    {
        if (_irregular.Count > 2 * _slots.Count + MaxStale)
            DropAllStale();
        ref Entry entry = ref _entries[slot];
        entry.Deadline = deadline;
        entry.List = None;
        entry.Version++;
        _irregular.Enqueue((slot, entry.Version), deadline);
    }

    private void Unlink(int slot)
    {
        ref Entry entry = ref _entries[slot];
        if (entry.List == None)
        {
            entry.Version++;
            return;
        }

        DeadlineList list = _lists[entry.List];
        if (entry.Previous == None)
            list.Head = entry.Next;
        else
            _entries[entry.Previous].Next = entry.Next;
        if (entry.Next == None)
            list.Tail = entry.Previous;
        else
            _entries[entry.Next].Previous = entry.Previous;
        entry.List = None;
    }

    private void DropAllStale()
    {
        ((int Slot, uint Version) Element, long Priority)[] current =
            [.. _irregular.UnorderedItems.Where(item => _entries[item.Element.Slot].Version == item.Element.Version)];
        _irregular.Clear();
        _irregular.EnqueueRange(current);
    }

    private void DropStale()
    {
        while (_irregular.TryPeek(out (int Slot, uint Version) top, out _) && _entries[top.Slot].Version != top.Version)
            _irregular.Dequeue();
    }

    private sealed class DeadlineList
    {
        public int Head = None;
        public int Tail = None;
    }

    private struct Entry
    {
        public long Offset;
        public long Deadline;
        public long Delivered;
        public long Published;
        public long Sent;
        public Consumer? Consumer;
        public int Previous;
        public int Next;
        public int List;
        public uint Version;
        public ushort Attempts;
    }
}
