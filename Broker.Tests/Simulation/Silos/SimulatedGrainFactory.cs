using Broker.Tests.Running;
using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>Makes references to grains. The broker's grains have names for keys; other keys are not simulated.</summary>
internal abstract class SimulatedGrainFactory : NamedGrainFactory
{
    public override IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string? grainClassNamePrefix) => throw new NotSupportedException();

    public override TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) => throw new NotSupportedException();

    public override void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) => throw new NotSupportedException();

    public override TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) =>
        (TGrainInterface)GetGrain(typeof(TGrainInterface), IdSpan.Create(primaryKey), grainClassNamePrefix);

    public override TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) =>
        (TGrainInterface)GetGrain(grainId, OrleansParts.InterfaceTypeOf(typeof(TGrainInterface)));

    public override IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => (IGrain)GetGrain(grainInterfaceType, IdSpan.Create(grainPrimaryKey), null);

    public override IAddressable GetGrain(Type interfaceType, IdSpan grainKey) => GetGrain(interfaceType, grainKey, null);
}
