namespace Broker.Tests.Running;

/// <summary>
/// Tests of what processes do not say while all is well, and of how soon something happens. On a machine that is overloaded not all is well: they run
/// when all others are done, one after the other.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class QuietCollection
{
    public const string Name = "Quiet";
}
