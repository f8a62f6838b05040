using Orleans;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>An argument of which its maker says that nobody changes it.</summary>
[GenerateSerializer]
[Alias("Broker.Tests.SealedParcel")]
[Immutable]
public sealed class SealedParcel
{
    [Id(0)]
    public List<string> Marks { get; } = [];

    public override string ToString() => string.Join('+', Marks);
}
