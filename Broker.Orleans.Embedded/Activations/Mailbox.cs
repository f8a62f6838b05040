using Orleans;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>
/// Runs the requests and continuations of one object, one turn at a time. It is the synchronisation context of these
/// turns, so the code after an await comes back as a turn.
/// </summary>
/// <remarks>
/// A turn belongs to whichever thread found the mailbox idle. A thread that ends a turn while others wait hands the rest
/// to the scheduler: a caller must never be kept busy with the work of others.
/// </remarks>
internal abstract class Mailbox : SynchronizationContext, IThreadPoolWorkItem
{
    // Enough to make good use of a work item, few enough to let other mailboxes have the thread.
    private const int TurnsPerWorkItem = 64;

    [ThreadStatic]
    private static int _inlineDepth;

    private readonly Lock _gate = new();
    private readonly bool _reentrant;
    private TurnQueue _ready;
    private TurnQueue _waiting;
    private int _running;
    private int _blocking;
    private bool _blockingReadOnly;
    private bool _busy;
    private bool _used = true;
    private bool _killed;
    private volatile MailboxState _state;
    private long _calls;

    protected Mailbox(EmbeddedGrainHost host, bool reentrant, MailboxState state)
    {
        Host = host;
        _reentrant = reentrant;
        _state = state;
    }

    /// <summary>How many turns are nested in each other on this thread's stack.</summary>
    public static int InlineDepth => _inlineDepth;

    public EmbeddedGrainHost Host { get; }

    public abstract GrainId GrainId { get; }

    /// <summary>The object; null when it is gone.</summary>
    public abstract object? Instance { get; }

    /// <summary>Where calls go when this mailbox is gone; null for nowhere.</summary>
    public abstract Mailbox? Successor { get; }

    /// <summary>Whether a caller's thread may run turns.</summary>
    public abstract bool RunsInline { get; }

    public bool IsGone => _state == MailboxState.Gone;

    /// <summary>Why it closes.</summary>
    protected DeactivationReason Reason { get; private set; }

    /// <summary>Cancelled when closing should take no more time.</summary>
    protected CancellationToken Hurry { get; private set; }

    /// <summary>How many requests have begun.</summary>
    public long Calls => Volatile.Read(ref _calls);

    /// <summary>Why calls fail when there is no successor.</summary>
    public abstract Exception Gone();

    public sealed override SynchronizationContext CreateCopy() => this;

    public sealed override void Send(SendOrPostCallback d, object? state) =>
        throw new NotSupportedException("A grain cannot be waited for synchronously.");

    public sealed override void Post(SendOrPostCallback d, object? state) => Enqueue(new PostedTurn(d, state));

    /// <summary>Begins a request for the caller's thread to run, if nothing else runs and nothing forbids it.</summary>
    public bool TryBegin(GrainCall call)
    {
        lock (_gate)
        {
            if (_busy || _state != MailboxState.Open || !MayBegin(call))
            {
                return false;
            }
            _busy = true;
            Begin(call);
            return true;
        }
    }

    /// <summary>Takes a call to run it when its turn comes.</summary>
    /// <returns>False when the mailbox is gone.</returns>
    public bool Accept(GrainCall call)
    {
        lock (_gate)
        {
            if (call.IsLocal && _state is (MailboxState.Closing or MailboxState.Gone))
            {
                return true;
            }
            if (_state == MailboxState.Gone)
            {
                return false;
            }
            if (_state != MailboxState.Open || !MayBegin(call))
            {
                call.Mailbox = this;
                _waiting.Enqueue(call);
                return true;
            }
            Begin(call);
            _ready.Enqueue(call);
            if (_busy)
            {
                return true;
            }
            _busy = true;
        }
        Host.Scheduler.Schedule(this);
        return true;
    }

    /// <summary>Makes this the context of the caller's thread.</summary>
    /// <returns>The context to leave to.</returns>
    public SynchronizationContext? Enter()
    {
        SynchronizationContext? caller = Current;
        SetSynchronizationContext(this);
        _inlineDepth++;
        return caller;
    }

    public static void Leave(SynchronizationContext? caller)
    {
        _inlineDepth--;
        SetSynchronizationContext(caller);
    }

    /// <summary>Ends a turn that began by <see cref="TryBegin"/> and whose request goes on later.</summary>
    public void EndTurn()
    {
        lock (_gate)
        {
            if (_ready.IsEmpty)
            {
                _busy = false;
                return;
            }
        }
        Host.Scheduler.Schedule(this);
    }

    /// <summary>Ends a turn that began by <see cref="TryBegin"/>, and its request.</summary>
    public void EndInline(GrainCall call)
    {
        lock (_gate)
        {
            End(call);
            if (_ready.IsEmpty)
            {
                _busy = false;
                return;
            }
        }
        Host.Scheduler.Schedule(this);
    }

    /// <summary>Ends a request within a turn.</summary>
    public void EndRequest(GrainCall call)
    {
        lock (_gate)
        {
            End(call);
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        SynchronizationContext? caller = Current;
        SetSynchronizationContext(this);
        int left = Host.InlineTurns ? TurnsPerWorkItem : 1;
        while (Next(ref left) is { } turn)
        {
            turn.Run(this);
        }
        SetSynchronizationContext(caller);
        if (left < 0)
        {
            Host.Scheduler.Schedule(this);
        }
    }

    public override string ToString() => GrainId.ToString();

    /// <summary>Lets requests begin.</summary>
    /// <returns>False when closing began before.</returns>
    protected bool TryOpen()
    {
        lock (_gate)
        {
            if (_state != MailboxState.Opening)
            {
                return false;
            }
            _state = MailboxState.Open;
            Admit(everything: true);
            return true;
        }
    }

    /// <summary>Counts work that must end before the mailbox closes.</summary>
    protected void Hold()
    {
        lock (_gate)
        {
            _running++;
        }
    }

    /// <summary>Ends what <see cref="Hold"/> began; within a turn.</summary>
    protected void Release()
    {
        lock (_gate)
        {
            _running--;
            CloseIfIdle();
        }
    }

    /// <summary>Lets no further request begin; <see cref="Close"/> runs as a turn when those that run have ended.</summary>
    /// <returns>False when it was closing or gone already.</returns>
    protected bool BeginClosing(DeactivationReason reason, CancellationToken hurry)
    {
        lock (_gate)
        {
            if (_state is MailboxState.Closing or MailboxState.Gone)
            {
                return false;
            }
            _state = MailboxState.Closing;
            Reason = reason;
            Hurry = hurry;
            CloseIfIdle();
            if (_busy || _ready.IsEmpty)
            {
                return true;
            }
            _busy = true;
        }
        Host.Scheduler.Schedule(this);
        return true;
    }

    /// <summary>Takes the mailbox out of use.</summary>
    /// <param name="killed">Whether its continuations are dropped from now on, as if the process had died.</param>
    /// <returns>The calls that waited, or nothing if it was gone before.</returns>
    protected TurnQueue Retire(bool killed)
    {
        lock (_gate)
        {
            _state = MailboxState.Gone;
            _killed |= killed;
            if (_killed)
            {
                _ready.Drain();
            }
            return _waiting.Drain();
        }
    }

    /// <summary>The last turn of a mailbox that is closing.</summary>
    protected abstract void Close();

    /// <summary>Whether nothing happened since it was last asked, and nothing is under way.</summary>
    protected bool IsIdle(out bool wasUsed)
    {
        lock (_gate)
        {
            wasUsed = _used;
            _used = false;
            return !wasUsed && !_busy && _running == 0 && _state == MailboxState.Open;
        }
    }

    protected void Enqueue(Turn turn)
    {
        lock (_gate)
        {
            if (_killed)
            {
                return;
            }
            _ready.Enqueue(turn);
            if (_busy)
            {
                return;
            }
            _busy = true;
        }
        Host.Scheduler.Schedule(this);
    }

    private Turn? Next(ref int left)
    {
        lock (_gate)
        {
            if (_ready.IsEmpty)
            {
                _busy = false;
                return null;
            }
            return --left < 0 ? null : _ready.Dequeue();
        }
    }

    private bool Interleaves(GrainCall call) => _reentrant || call.Method.AlwaysInterleave;

    private bool MayBegin(GrainCall call) =>
        _blocking == 0 || Interleaves(call) || (_blockingReadOnly && call.Method.ReadOnly);

    private void Begin(GrainCall call)
    {
        call.Mailbox = this;
        _running++;
        _calls++;
        _used |= call.KeepsAlive;
        if (!Interleaves(call))
        {
            _blocking++;
            _blockingReadOnly = call.Method.ReadOnly;
        }
    }

    private void End(GrainCall call)
    {
        _running--;
        _used |= call.KeepsAlive;
        if (!Interleaves(call))
        {
            _blocking--;
        }
        if (_state == MailboxState.Open && !_waiting.IsEmpty)
        {
            Admit(everything: false);
        }
        CloseIfIdle();
    }

    /// <summary>Begins what may begin of the calls that wait, and leaves the others in order.</summary>
    /// <param name="everything">
    /// Whether calls that interleave may be among them; while the mailbox is open these never wait, so that the first
    /// call that must wait ends the search.
    /// </param>
    private void Admit(bool everything)
    {
        TurnQueue rest = default;
        while (everything || _blocking == 0 || _blockingReadOnly)
        {
            if (_waiting.Dequeue() is not GrainCall call)
            {
                break;
            }
            if (MayBegin(call))
            {
                Begin(call);
                _ready.Enqueue(call);
            }
            else
            {
                rest.Enqueue(call);
            }
        }
        if (rest.IsEmpty)
        {
            return;
        }
        while (_waiting.Dequeue() is { } turn)
        {
            rest.Enqueue(turn);
        }
        _waiting = rest;
    }

    private void CloseIfIdle()
    {
        if (_state == MailboxState.Closing && _running == 0)
        {
            // Closing itself counts as running, so that this happens once.
            _running++;
            _ready.Enqueue(new ClosingTurn());
        }
    }

    private sealed class ClosingTurn : Turn
    {
        public override void Run(Mailbox mailbox) => mailbox.Close();
    }
}
