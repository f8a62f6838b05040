namespace Broker.Orleans.Embedded;

/// <summary>A piece of work that a mailbox runs by itself: the start of a request, or a continuation.</summary>
internal abstract class Turn
{
    /// <summary>The next in the queue of the mailbox; a turn stands in one queue at a time.</summary>
    public Turn? Next;

    /// <summary>Runs on the mailbox's context; lets no exception out.</summary>
    public abstract void Run(Mailbox mailbox);
}
