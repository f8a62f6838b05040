using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// Where a subscription is in its stream. What it was given counts as handled only when it asks for more after that: a pulling agent that
/// delivers several messages at once asks for that many before.
/// </summary>
internal sealed class StreamCursor(QueueCache cache, StreamLine line, int batchSize) : IQueueCacheCursor
{
    private readonly List<HeldMessage> _given = [];
    private HeldMessage? _current;
    private bool _ranOut;
    private bool _disposed;

    /// <summary>What it gets next; null for what comes. Owned by its line.</summary>
    public HeldMessage? Next { get; set; }

    public IBatchContainer? GetCurrent(out Exception? exception)
    {
        exception = null;
        return _current?.Events;
    }

    public bool MoveNext()
    {
        if (_given.Count >= batchSize || _ranOut) Release();
        _current = Next;
        _ranOut = _current is null;
        if (_current is null) return false;
        _given.Add(_current);
        line.Await(this, _current.Next);
        return true;
    }

    public QueueCacheCursorMoveResult MoveNextWithResult() => MoveNext() ? QueueCacheCursorMoveResult.Success : QueueCacheCursorMoveResult.NoData;

    /// <summary>Messages that come reach a cursor that waits for them by themselves.</summary>
    public void Refresh(StreamSequenceToken token)
    {
    }

    public void RecordDeliveryFailure()
    {
        foreach (HeldMessage message in _given) message.HasFailed = true;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Release();
        line.Leave(this);
        cache.OnMoved(line);
    }

    private void Release()
    {
        bool last = false;
        foreach (HeldMessage message in _given) last |= line.Exit(message);
        _given.Clear();
        if (last) cache.OnMoved(line);
    }
}
