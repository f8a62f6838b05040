using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <inheritdoc cref="IScripted"/>
public abstract class ScriptedGrain : Grain, IScripted
{
    private readonly ScriptHooks _hooks;
    private Parcel? _kept;

    protected ScriptedGrain(IGrainContext context, ScriptBook book)
        : base(context)
    {
        _hooks = book[this.GetPrimaryKeyString()];
        _hooks.Constructing?.Invoke();
    }

    public IGrainFactory Grains => GrainFactory;

    public override Task OnActivateAsync(CancellationToken cancellationToken) => _hooks.Activating?.Invoke(this) ?? Task.CompletedTask;

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) =>
        _hooks.Deactivating?.Invoke(this, reason) ?? Task.CompletedTask;

    public Task Run(Code<Task> code) => code.Run(this);

    public Task<string> Ask(Code<Task<string>> code) => code.Run(this);

    public ValueTask RunValue(Code<ValueTask> code) => code.Run(this);

    public ValueTask<int> AskValue(Code<ValueTask<int>> code) => code.Run(this);

    public Task RunAlways(Code<Task> code) => code.Run(this);

    public Task Read(Code<Task> code) => code.Run(this);

    public Task Tell(Code<Task> code) => code.Run(this);

    public void Shout(Code<Task> code) => code.Run(this);

    public Task RunShort(Code<Task> code) => code.Run(this);

    public Task<Parcel> Mark(Parcel parcel)
    {
        parcel.Marks.Add("grain");
        return Task.FromResult(parcel);
    }

    public Task<Parcel> MarkUncopied(Parcel parcel) => Mark(parcel);

    public Task<SealedParcel> MarkSealed(SealedParcel parcel)
    {
        parcel.Marks.Add("grain");
        return Task.FromResult(parcel);
    }

    public Task<Parcel> Keep(Parcel parcel) => Task.FromResult(_kept ??= parcel);

    public Task<bool> AreOne(Parcel first, Parcel second) => Task.FromResult(ReferenceEquals(first, second));

    public Task<string> AskOther(IScripted other, Code<Task<string>> code) => other.Ask(code);

    public Task<string> AskListener(IListener listener, string text) => listener.Answer(text);

    public void DeactivateSoon() => DeactivateOnIdle();

    public IGrainTimer StartTimer(Func<CancellationToken, Task> tick, TimeSpan dueTime, TimeSpan period, bool interleaves = false) =>
        this.RegisterGrainTimer(tick, new GrainTimerCreationOptions(dueTime, period) { Interleave = interleaves });
}
