using Orleans;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>What a script hands a grain to run. It goes as it is, and never leaves the process.</summary>
[GenerateSerializer]
[Alias("Broker.Tests.Code`1")]
[Immutable]
public sealed class Code<TResult>
{
    [field: NonSerialized]
    public Func<ScriptedGrain, TResult> Run { get; init; } = _ => throw new NotSupportedException("Code cannot be sent from process to process.");
}
