using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>
/// One call. It is at once the arguments, the entry in the queues of its mailbox and of its deadline, and, when the
/// host passes calls through the scheduler, the work item that delivers it; so a call costs one allocation.
/// </summary>
internal abstract class GrainCall : Turn, IThreadPoolWorkItem
{
    /// <summary>Set by the reference before anything else happens.</summary>
    public CallMethod Method = null!;

    /// <summary>Where the call waits or runs; null while it is on the way.</summary>
    public Mailbox? Mailbox;

    /// <summary>Neighbours and place in the deadline queue, which alone touches them.</summary>
    public GrainCall? EarlierDeadline;
    public GrainCall? LaterDeadline;
    public long Deadline;
    public bool HasDeadline;

    private int _epoch;

    /// <summary>Whether the mailbox must keep it to itself: a tick of a timer dies with its activation.</summary>
    public virtual bool IsLocal => false;

    /// <summary>Whether it counts as use of the grain.</summary>
    public virtual bool KeepsAlive => true;

    /// <summary>Whether the caller has an answer already, so that running the call would be in vain.</summary>
    public abstract bool IsAnswered { get; }

    private protected EmbeddedGrainHost Host => Method.Host;

    /// <summary>Answers the caller with a failure unless it has an answer.</summary>
    public abstract void Fail(Exception exception);

    public void TimeOut() => Fail(new TimeoutException(
        $"Response did not arrive on time in {Method.Deadlines.Timeout} for message: Request {Mailbox} {Method}."));

    /// <summary>Brings the call to its mailbox: at once, or as a message whose arrival the scheduler decides.</summary>
    public void Dispatch(Mailbox mailbox)
    {
        if (Host.InlineTurns)
        {
            Deliver(mailbox);
            return;
        }
        Mailbox = mailbox;
        _epoch = Host.Epoch;
        Host.Scheduler.Schedule(this);
    }

    void IThreadPoolWorkItem.Execute()
    {
        // What was on the way when the process crashed is lost with it.
        if (_epoch == Host.Epoch)
        {
            Deliver(Mailbox!);
        }
    }

    public override string ToString() => $"{Method}";

    private void Deliver(Mailbox mailbox)
    {
        Mailbox? target = mailbox;
        while (target is not null)
        {
            if (target.Accept(this))
            {
                return;
            }
            target = target.Successor;
        }
        Fail(mailbox.Gone());
    }
}
