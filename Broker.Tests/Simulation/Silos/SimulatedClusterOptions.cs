using System.Reflection;
using Orleans.Serialization.Invocation;

namespace Broker.Tests.Simulation.Silos;

/// <summary>How a simulated cluster is to behave.</summary>
public sealed record SimulatedClusterOptions
{
    /// <summary>Where the grain classes are.</summary>
    public required IReadOnlyList<Assembly> GrainAssemblies { get; init; }

    /// <summary>A call that takes longer fails with a <see cref="TimeoutException"/> at its caller.</summary>
    public TimeSpan ResponseTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An activation that was not used for so long is deactivated, unless its class is kept alive.</summary>
    public TimeSpan CollectionAge { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>The longest that a message is on its way between two silos.</summary>
    public TimeSpan MaxLatency { get; init; } = TimeSpan.FromMilliseconds(3);

    /// <summary>What is done in the place of a grain's call, which it may have carried out; null to carry out each as it is.</summary>
    public Func<IInvokable, Func<Task<Response>>, Task<Response>>? Instead { get; init; }

    /// <summary>Whether each call and each result goes through Orleans' serialiser, also within a silo.</summary>
    public bool Serializes { get; init; }
}
