namespace Broker.Tests.Client;

/// <summary>Tests that count what the whole process allocates: nothing may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AllocationCollection
{
    public const string Name = "allocation";
}
