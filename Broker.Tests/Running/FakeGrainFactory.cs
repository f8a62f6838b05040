using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Running;

/// <summary>A factory of grains that a test makes; only the key of a grain is of interest, and observers are called directly.</summary>
internal abstract class FakeGrainFactory : NamedGrainFactory
{
    public override IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) => throw new NotSupportedException();

    public override TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) => (TGrainObserverInterface)obj;

    public override void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
    {
    }

    public override TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) => throw new NotSupportedException();

    public override IAddressable GetGrain(GrainId grainId, GrainInterfaceType interfaceType) => throw new NotSupportedException();

    public override IAddressable GetGrain(Type interfaceType, IdSpan grainKey, string? grainClassNamePrefix) => throw new NotSupportedException();

    public override IAddressable GetGrain(Type interfaceType, IdSpan grainKey) => throw new NotSupportedException();
}
