using Orleans;
using Orleans.Runtime;
using Orleans.Serialization.Invocation;

namespace Broker.Tests.Simulation.Silos;

/// <summary>An object that grains may call. It is held weakly, as Orleans does: whoever made the reference keeps the object.</summary>
internal sealed class SimulatedObserver(SimulatedSilo silo, GrainId id, IGrainObserver target) : ITargetHolder
{
    private readonly WeakReference<IGrainObserver> _target = new(target);
    private readonly TurnScheduler _scheduler = new(silo, id.ToString());
    private Task _last = Task.CompletedTask;

    public object? GetTarget() => _target.TryGetTarget(out IGrainObserver? living) ? living : null;

    public object? GetComponent(Type componentType) => null;

    /// <summary>Calls are made one after the other, unless they always interleave.</summary>
    public void Receive(GrainCall call)
    {
        if (call.IsAlwaysInterleaving)
            Start(call);
        else
            _last = _last.IsCompleted ? Start(call) : _last.ContinueWith(_ => Start(call), _scheduler).Unwrap();
    }

    private Task Start(GrainCall call) => Task.Factory.StartNew(() => RunAsync(call), default, TaskCreationOptions.None, _scheduler).Unwrap();

    private async Task RunAsync(GrainCall call)
    {
        if (GetTarget() is null)
            return;
        Response response = await call.RunAsync(this);
        if (!call.IsOneWay)
            call.Reply(silo, response);
        else if (response.Exception is { } exception)
            silo.Cluster.ObserverFailures.Add(exception);
    }
}
