using Broker.Orleans.Streaming.Envelopes;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// The messages of a queue that wait for subscriptions or are with them. It needs no bound of its own: the subscription's RDY is one.
/// Called in the turns of its pulling agent only.
/// </summary>
/// <param name="batchSize">Messages that the agent delivers at once.</param>
/// <param name="time">The clock.</param>
/// <param name="onMoved">Called when a message may have been passed by all subscriptions.</param>
internal sealed class QueueCache(int batchSize, TimeProvider time, Action onMoved) : IQueueCache
{
    // Read by an agent at a time, so that it answers calls in between.
    private const int MaxAddCount = 256;

    // Passed messages that are kept at most.
    private const int MaxKept = 1024;

    /// <summary>
    /// How long a message that all subscriptions have passed is still there for one that is just being made: Orleans lets SubscribeAsync
    /// return before the agent has made its cursor.
    /// </summary>
    internal static readonly TimeSpan Retention = TimeSpan.FromSeconds(1);

    private readonly Dictionary<StreamId, StreamLine> _lines = [];
    private readonly HashSet<StreamLine> _moved = [];
    private readonly Queue<(StreamLine Line, HeldMessage Message, long Passed)> _kept = new();

    public int GetMaxAddCount() => MaxAddCount;

    public bool IsUnderPressure() => false;

    public void AddToCache(IList<IBatchContainer> messages)
    {
        foreach (IBatchContainer events in messages)
        {
            StreamLine line = LineOf(events.StreamId);
            line.Add(((EventBatch)events).Source!);
            // Without subscriptions nobody else would say that it is passed.
            _moved.Add(line);
        }
    }

    public bool TryPurgeFromCache(out IList<IBatchContainer> purgedItems)
    {
        purgedItems = [.. TakePassed().Select(message => message.Events!)];
        return purgedItems.Count > 0;
    }

    /// <summary>The messages that all subscriptions have passed since the last call.</summary>
    public IReadOnlyList<HeldMessage> TakePassed()
    {
        Forget();
        if (_moved.Count == 0) return [];
        List<HeldMessage> passed = [];
        long now = time.GetTimestamp();
        foreach (StreamLine line in _moved)
        {
            while (line.TryPass(out HeldMessage message))
            {
                passed.Add(message);
                _kept.Enqueue((line, message, now));
            }
            RemoveIfIdle(line);
        }
        _moved.Clear();
        return passed;
    }

    public IQueueCacheCursor GetCacheCursor(StreamId streamId, StreamSequenceToken? token) =>
        CursorAt(streamId, token?.SequenceNumber ?? long.MaxValue);

    public QueueCacheCursorResult<IQueueCacheCursor> TryGetCacheCursor(StreamId streamId, StreamSequenceToken? token) =>
        QueueCacheCursorResult<IQueueCacheCursor>.FromCursor(GetCacheCursor(streamId, token));

    public QueueCacheCursorResult<IQueueCacheCursor> TryGetCacheCursorAtPosition(StreamId streamId, StreamSubscriptionStartPosition startPosition) =>
        QueueCacheCursorResult<IQueueCacheCursor>.FromCursor(
            CursorAt(streamId, startPosition == StreamSubscriptionStartPosition.EarliestAvailable ? long.MinValue : long.MaxValue));

    /// <summary>A cursor of this stream moved on or went.</summary>
    public void OnMoved(StreamLine line)
    {
        _moved.Add(line);
        onMoved();
    }

    private StreamCursor CursorAt(StreamId stream, long number)
    {
        StreamLine line = LineOf(stream);
        StreamCursor cursor = new(this, line, batchSize);
        line.Join(cursor, number);
        return cursor;
    }

    private StreamLine LineOf(StreamId stream)
    {
        if (!_lines.TryGetValue(stream, out StreamLine? line)) _lines.Add(stream, line = new StreamLine(stream));
        return line;
    }

    private void Forget()
    {
        while (_kept.TryPeek(out (StreamLine Line, HeldMessage Message, long Passed) oldest)
            && (_kept.Count > MaxKept || time.GetElapsedTime(oldest.Passed) >= Retention))
        {
            _kept.Dequeue();
            oldest.Line.Forget(oldest.Message);
            RemoveIfIdle(oldest.Line);
        }
    }

    private void RemoveIfIdle(StreamLine line)
    {
        if (line.IsIdle) _lines.Remove(line.Stream);
    }
}
