using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>The base of the generated references. It remembers the mailbox, so a call looks nothing up.</summary>
internal abstract class GrainProxy : GrainReference
{
    // Deeper chains of calls on one thread's stack go on from the scheduler.
    private const int MaxInlineDepth = 8;

    private readonly InterfaceBinding _binding;
    private readonly GrainClass? _class;
    private Mailbox? _mailbox;

    /// <remarks>
    /// The class says where to find a grain's activation; an observer has none. The mailbox is the observer's, or the
    /// activation if it is known.
    /// </remarks>
    protected GrainProxy(InterfaceBinding binding, GrainId grainId, GrainClass? grainClass, Mailbox? mailbox)
        : base(grainId)
    {
        _binding = binding;
        _class = grainClass;
        _mailbox = mailbox;
    }

    public override string InterfaceName => _binding.Name;

    /// <summary>The mailbox if the reference is one of an observer.</summary>
    public Observer? Observer => _mailbox as Observer;

    /// <summary>The grain class if the reference is one of a grain.</summary>
    public GrainClass? GrainClass => _class;

    /// <summary>Called by the generated methods that return something.</summary>
    public ValueTask<TResult> Send<TResult>(ResultCall<TResult> call, int method)
    {
        call.Method = _binding.Methods[method];
        if (Target() is not { } mailbox)
        {
            return call.Method.OneWay ? default : ValueTask.FromException<TResult>(Gone());
        }
        return BeginsInline(mailbox, call) ? call.RunInline(mailbox) : call.RunLater(mailbox);
    }

    /// <summary>Called by the generated methods that return nothing, or only when they have ended.</summary>
    public ValueTask Send(VoidCall call, int method)
    {
        ValueTask<Nothing> answer = Send<Nothing>(call, method);
        return answer.IsCompletedSuccessfully ? default : new ValueTask(answer.AsTask());
    }

    internal override object As(Type interfaceType)
    {
        if (interfaceType.IsInstanceOfType(this))
        {
            return this;
        }
        if (_class is null)
        {
            throw new InvalidCastException($"{this} cannot be called as {interfaceType}.");
        }
        return _binding.Host.BindingOf(interfaceType).Refer(_class, GrainId.Key.ToString(), _mailbox);
    }

    private static bool BeginsInline(Mailbox mailbox, GrainCall call) =>
        mailbox.RunsInline && Mailbox.InlineDepth < MaxInlineDepth && mailbox.TryBegin(call);

    private Mailbox? Target()
    {
        Mailbox? mailbox = _mailbox;
        if (mailbox is { IsGone: false })
        {
            return mailbox;
        }
        // What is found may be gone again already, if its activation failed; the call then goes on to the next.
        return _mailbox = _class?.Resolve(GrainId.Key.ToString());
    }

    private Exception Gone() => _class is null ? new ClientNotAvailableException(GrainId) : _class.Gone(GrainId);
}
