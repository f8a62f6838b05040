using Orleans;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>
/// The mailbox of an object that grains call without it being a grain. It holds the object weakly, and never runs on the
/// thread of a caller: an object that is called back while it calls a grain would be entered twice.
/// </summary>
internal sealed class Observer(EmbeddedGrainHost host, IGrainObserver target, GrainId grainId)
    : Mailbox(host, reentrant: false, MailboxState.Open)
{
    private readonly WeakReference<IGrainObserver> _target = new(target);
    private readonly int _epoch = host.Epoch;

    public override GrainId GrainId { get; } = grainId;

    public override object? Instance
    {
        get
        {
            if (_epoch == Host.Epoch && _target.TryGetTarget(out IGrainObserver? target))
            {
                return target;
            }
            Delete();
            return null;
        }
    }

    public override Mailbox? Successor => null;

    public override bool RunsInline => false;

    public override Exception Gone() => new ClientNotAvailableException(GrainId);

    /// <returns>False when it was deleted before.</returns>
    public bool Delete() => BeginClosing(
        new DeactivationReason(DeactivationReasonCode.ApplicationRequested, "The reference was deleted."), default);

    protected override void Close()
    {
        TurnQueue waiting = Retire(killed: false);
        while (waiting.Dequeue() is GrainCall call)
        {
            call.Fail(Gone());
        }
    }
}
