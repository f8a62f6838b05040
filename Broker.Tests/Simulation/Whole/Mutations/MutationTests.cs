using Xunit.Abstractions;

namespace Broker.Tests.Simulation.Whole.Mutations;

/// <summary>The simulation finds faults: each mutation of the product makes one of a few seeds fail.</summary>
[Collection(SeedsCollection.Name)]
public sealed class MutationTests(ITestOutputHelper output)
{
    private const int MostSeeds = 40;

    [Theory]
    [InlineData(Mutation.OkBeforeAppend)]
    [InlineData(Mutation.RetryForgotten)]
    [InlineData(Mutation.DeferralEarly)]
    [InlineData(Mutation.DeferralLate)]
    [InlineData(Mutation.RequeueDropped)]
    [InlineData(Mutation.FinishForgotten)]
    [InlineData(Mutation.CreditForgotten)]
    [InlineData(Mutation.CreditLostOnAttach)]
    [InlineData(Mutation.ResumeForgotten)]
    [InlineData(Mutation.TrimmedEarly)]
    [InlineData(Mutation.FenceForgotten)]
    [InlineData(Mutation.NoteForgotten)]
    public void A_fault_of_the_product_is_found(Mutation mutation) => Find(mutation, seed =>
        new BrokerWorld(seed, new MemoryStoreUnderTest(), silos: 2, hasFaultyNetwork: true, mutation: mutation).Live(TimeSpan.FromSeconds(40), crashes: false));

    // While calls get lost, a delivery that comes after the pause may have been on its way.
    [Fact]
    public void A_pause_that_is_ignored_is_found() => Find(Mutation.PauseIgnored, seed =>
        new BrokerWorld(seed, new MemoryStoreUnderTest(), mutation: Mutation.PauseIgnored).Live(TimeSpan.FromSeconds(40), crashes: false));

    [Fact]
    public void An_fsync_that_does_nothing_is_found() => Find(Mutation.SyncSkipped, seed =>
        new BrokerWorld(seed, new FileStoreUnderTest(seed, losesPower: true, skipsSyncs: true)).Live(TimeSpan.FromSeconds(15), crashes: true));

    private void Find(Mutation mutation, Action<int> live)
    {
        for (int seed = 0; seed < MostSeeds; seed++)
        {
            if (Record.Exception(() => live(seed)) is not { } found)
                continue;
            output.WriteLine($"{mutation} was found by seed {seed}: {found.Message.Split('\n')[0]}");
            return;
        }

        Assert.Fail($"{mutation} was not found by {MostSeeds} seeds");
    }
}
