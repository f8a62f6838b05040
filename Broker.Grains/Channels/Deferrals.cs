using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>
/// The deferred messages of a channel in the order in which they come due: when the wall clock shows a message's due time, or when as much time has
/// passed by the steady clock as was left when the message was deferred. So a wall clock that is set forward makes nothing late, and one that is set
/// back delays nothing.
/// </summary>
public sealed class Deferrals
{
    // In milliseconds: the clocks are read one after the other, and the wall clock may be slewed a little.
    private const long Tolerance = 100;

    // By when the wall clock, as it is set now, will show that a message is due.
    private readonly PriorityQueue<Deferral, long> _messages = new();

    // Of a channel that owns its bodies.
    private readonly Dictionary<long, BodyRef> _bodies = [];

    // How far the wall clock was ahead of the steady one, each time that it was found to be set.
    private readonly List<long> _leads = [0];

    /// <summary>Number of messages.</summary>
    public int Count => _messages.Count;

    /// <summary>When the first message is due by the wall clock, in milliseconds since the Unix epoch; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDue => _messages.TryPeek(out _, out long due) ? due : long.MaxValue;

    /// <summary>Says what time it is, for messages that are deferred from now on; finds out whether the wall clock was set.</summary>
    public void Observe(Moment now)
    {
        long lead = now.Wall - now.Steady;
        long before = _leads[^1];
        if (Math.Abs(lead - before) <= Tolerance)
            return;
        if (_messages.Count == 0)
        {
            _leads.Clear();
            _leads.Add(lead);
            return;
        }

        _leads.Add(lead);
        (Deferral Deferral, long Due)[] all = [.. _messages.UnorderedItems];
        _messages.Clear();
        foreach ((Deferral deferral, long due) in all)
            _messages.Enqueue(deferral, due - Shift(deferral, before) + Shift(deferral, lead));
    }

    /// <summary>Adds a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="due">Its due time, in milliseconds since the Unix epoch.</param>
    /// <param name="body">Where its body is, for a channel that owns its bodies.</param>
    public void Add(DeferredMessage message, long due, BodyRef body = default)
    {
        _messages.Enqueue(new Deferral(message.Offset, message.Attempts, _leads.Count - 1), due);
        if (body.Batch is not null)
            _bodies[message.Offset] = body.Detached();
    }

    /// <summary>Takes out one message that is due, with its due time as it counts now.</summary>
    public bool TryTakeDue(Moment now, out DeferredMessage message, out long due, out BodyRef body)
    {
        message = default;
        body = default;
        if (!_messages.TryPeek(out Deferral deferral, out due) || due > now.Wall)
            return false;
        _messages.Dequeue();
        message = new DeferredMessage(deferral.Offset, deferral.Attempts);
        _bodies.Remove(deferral.Offset, out body);
        return true;
    }

    /// <summary>Takes out a message, due or not, and returns where its body is; the cost grows with the number of messages.</summary>
    public BodyRef Remove(long offset)
    {
        _messages.Remove(new Deferral(offset, 0, 0), out _, out _, OffsetComparer.Instance);
        return _bodies.Remove(offset, out BodyRef body) ? body : default;
    }

    /// <summary>All messages with the due times that they were given, in no order.</summary>
    public IEnumerable<StandingMessage> All()
    {
        foreach ((Deferral deferral, long due) in _messages.UnorderedItems)
        {
            yield return new StandingMessage(MessageStage.Deferred, deferral.Offset, deferral.Attempts)
            {
                Due = due - Shift(deferral, _leads[^1]),
                Body = _bodies.GetValueOrDefault(deferral.Offset),
            };
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _messages.Clear();
        _bodies.Clear();
    }

    // Where the wall clock shows less than when the message was deferred, it is due that much earlier by it.
    private long Shift(in Deferral deferral, long lead) => Math.Min(0, lead - _leads[deferral.Setting]);

    private readonly record struct Deferral(long Offset, ushort Attempts, int Setting);

    private sealed class OffsetComparer : IEqualityComparer<Deferral>
    {
        public static readonly OffsetComparer Instance = new();

        public bool Equals(Deferral x, Deferral y) => x.Offset == y.Offset;

        public int GetHashCode(Deferral obj) => obj.Offset.GetHashCode();
    }
}
