using Orleans.Runtime;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// The messages of one stream in the order they came, and the cursors of its subscriptions. A message is passed when no cursor is at it or
/// before it.
/// </summary>
internal sealed class StreamLine(StreamId stream)
{
    private readonly List<StreamCursor> _atEnd = [];

    // From the oldest that is kept over the first that is not passed to the last.
    private HeldMessage? _oldest;
    private HeldMessage? _first;
    private HeldMessage? _last;

    // Cursors at messages that are passed: a late subscription that reads what is kept.
    private int _behind;
    private int _cursors;

    public StreamId Stream => stream;

    /// <summary>Whether nothing refers to it any more.</summary>
    public bool IsIdle => _oldest is null && _cursors == 0;

    public void Add(HeldMessage message)
    {
        if (_last is null) _oldest = message;
        else _last.Next = message;
        _last = message;
        _first ??= message;
        foreach (StreamCursor cursor in _atEnd)
        {
            Enter(message);
            cursor.Next = message;
        }
        _atEnd.Clear();
    }

    /// <summary>A cursor at the first message with this number or a greater one.</summary>
    public void Join(StreamCursor cursor, long number)
    {
        _cursors++;
        HeldMessage? message = _oldest;
        while (message is not null && message.Events!.Token.SequenceNumber < number) message = message.Next;
        Await(cursor, message);
    }

    public void Leave(StreamCursor cursor)
    {
        _cursors--;
        if (cursor.Next is null) _atEnd.Remove(cursor);
        else Exit(cursor.Next);
    }

    /// <summary>Makes a message the one that a cursor gets next; null for the one to come.</summary>
    public void Await(StreamCursor cursor, HeldMessage? message)
    {
        cursor.Next = message;
        if (message is null) _atEnd.Add(cursor);
        else Enter(message);
    }

    /// <summary>A cursor is past a message.</summary>
    /// <returns>Whether it was the last one there.</returns>
    public bool Exit(HeldMessage message)
    {
        message.Holders--;
        if (message.IsPassed) _behind--;
        return message.Holders == 0;
    }

    /// <summary>Takes the first message that is not passed, if no cursor is at it or before it. It is kept until <see cref="Forget"/>.</summary>
    public bool TryPass(out HeldMessage message)
    {
        message = _first!;
        if (message is null || message.Holders > 0 || _behind > 0) return false;
        message.IsPassed = true;
        _first = message.Next;
        return true;
    }

    /// <summary>Lets go of the oldest message, which is passed.</summary>
    public void Forget(HeldMessage message)
    {
        _oldest = message.Next;
        if (_oldest is null) _last = null;
    }

    private void Enter(HeldMessage message)
    {
        message.Holders++;
        if (message.IsPassed) _behind++;
    }
}
