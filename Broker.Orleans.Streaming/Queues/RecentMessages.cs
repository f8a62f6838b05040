namespace Broker.Orleans.Streaming.Queues;

/// <summary>The messages that were finished last, so that one whose FIN got lost with its connection is not handled again.</summary>
internal sealed class RecentMessages(int capacity)
{
    private readonly Queue<MessageKey> _order = new();
    private readonly HashSet<MessageKey> _keys = [];

    public void Add(MessageKey key)
    {
        if (!_keys.Add(key)) return;
        _order.Enqueue(key);
        if (_order.Count > capacity) _keys.Remove(_order.Dequeue());
    }

    public bool Contains(MessageKey key) => _keys.Contains(key);
}
