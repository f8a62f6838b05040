using Orleans;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>An argument that a grain can change.</summary>
[GenerateSerializer]
[Alias("Broker.Tests.Parcel")]
public sealed class Parcel
{
    [Id(0)]
    public List<string> Marks { get; } = [];

    public override string ToString() => string.Join('+', Marks);
}
