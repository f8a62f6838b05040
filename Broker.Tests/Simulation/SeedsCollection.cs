namespace Broker.Tests.Simulation;

/// <summary>
/// Tests that run seed after seed and take all processors. They run when all others are done: beside tests with real sockets and real time they
/// would take from these the time to answer.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SeedsCollection
{
    public const string Name = "Seeds";
}
