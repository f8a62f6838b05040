namespace Broker.Orleans.Embedded;

/// <summary>First in, first out; the links are in the turns, so an idle mailbox pays two words for it.</summary>
internal struct TurnQueue
{
    private Turn? _head;
    private Turn? _tail;

    public readonly bool IsEmpty => _head is null;

    public void Enqueue(Turn turn)
    {
        if (_tail is null)
        {
            _head = turn;
        }
        else
        {
            _tail.Next = turn;
        }
        _tail = turn;
    }

    public Turn? Dequeue()
    {
        Turn? turn = _head;
        if (turn is not null)
        {
            _head = turn.Next;
            turn.Next = null;
            if (_head is null)
            {
                _tail = null;
            }
        }
        return turn;
    }

    /// <summary>Takes everything out, in order.</summary>
    public TurnQueue Drain()
    {
        TurnQueue all = this;
        this = default;
        return all;
    }
}
