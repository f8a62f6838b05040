using Orleans.Runtime;

namespace Orleans;

/// <summary>Makes references to grains and to observers.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to a grain; nothing is activated before the first call.</summary>
    /// <param name="primaryKey">The grain's name; neither empty nor blank.</param>
    /// <param name="grainClassNamePrefix">Picks the grain class when several implement the interface.</param>
    /// <exception cref="ArgumentException">No class, or more than one, implements the interface.</exception>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey;

    /// <inheritdoc cref="GetGrain{TGrainInterface}(string, string)"/>
    IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey);

    /// <summary>
    /// A reference by which grains can call an object. The object is held weakly: who makes the reference keeps it.
    /// </summary>
    /// <exception cref="ArgumentException">The object is a reference already, or lacks the interface.</exception>
    TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;

    /// <summary>Ends what <see cref="CreateObjectReference"/> began; calls by the reference fail from now on.</summary>
    /// <param name="obj">The reference.</param>
    /// <exception cref="ArgumentException">It is no reference to an observer, or was deleted before.</exception>
    void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj)
        where TGrainObserverInterface : IGrainObserver;
}
