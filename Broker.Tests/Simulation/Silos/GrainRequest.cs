using Orleans.Serialization.Invocation;

namespace Broker.Tests.Simulation.Silos;

/// <summary>Something that an activation is asked to run: a call, or a tick of one of its timers.</summary>
internal abstract class GrainRequest
{
    /// <summary>Whether it may run beside any other request.</summary>
    public abstract bool IsAlwaysInterleaving { get; }

    /// <summary>Whether it may run beside others of its kind.</summary>
    public abstract bool IsReadOnly { get; }

    /// <summary>Whether nobody waits for it any more: it does not begin.</summary>
    public virtual bool IsExpired => false;

    /// <summary>Whether it belongs to its activation, and runs also while that waits to be deactivated.</summary>
    public virtual bool IsLocal => false;

    /// <summary>Runs it; called in a turn. Does not throw.</summary>
    public abstract Task InvokeAsync(SimulatedActivation activation);

    /// <summary>The activation is gone before the request began.</summary>
    public abstract void Abandon(SimulatedActivation activation);

    /// <summary>The activation could not be activated, or died.</summary>
    public abstract void Fail(Exception exception);

    private protected static Response CopyOf(Response response, SimulatedSilo silo) =>
        silo.Cluster.Options.Serializes ? OrleansParts.RoundTrip(response, silo.Grains)! : OrleansParts.Copier.Copy(response);
}
