using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>What a grain does when it comes and goes.</summary>
public sealed class ScriptHooks
{
    public Action? Constructing { get; set; }

    public Func<ScriptedGrain, Task>? Activating { get; set; }

    public Func<ScriptedGrain, DeactivationReason, Task>? Deactivating { get; set; }
}
