using Orleans;
using Orleans.Runtime;

namespace Broker.Orleans.Embedded;

/// <summary>Makes the references of one host.</summary>
internal sealed class EmbeddedGrainFactory(EmbeddedGrainHost host) : IClusterClient
{
    public IServiceProvider ServiceProvider => host.Services;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)(object)Refer(typeof(TGrainInterface), primaryKey, grainClassNamePrefix);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) =>
        (IGrain)Refer(grainInterfaceType, grainPrimaryKey, null);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference)
        {
            throw new ArgumentException("Argument obj is already a grain reference.", nameof(obj));
        }
        if (obj is not TGrainObserverInterface)
        {
            throw new ArgumentException($"The provided object must implement '{typeof(TGrainObserverInterface).FullName}'.", nameof(obj));
        }
        return (TGrainObserverInterface)(object)host.BindingOf(typeof(TGrainObserverInterface)).Refer(host.Observe(obj));
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver
    {
        if (obj is not GrainProxy { Observer: { } observer })
        {
            throw new ArgumentException("Argument reference is not a reference to an observer.", nameof(obj));
        }
        if (!observer.Delete())
        {
            throw new ArgumentException("Reference is not associated with a local object.", nameof(obj));
        }
    }

    private GrainProxy Refer(Type interfaceType, string key, string? classNamePrefix)
    {
        ArgumentNullException.ThrowIfNull(interfaceType);
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return host.BindingOf(interfaceType).Refer(key, classNamePrefix);
    }
}
