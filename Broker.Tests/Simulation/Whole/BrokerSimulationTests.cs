namespace Broker.Tests.Simulation.Whole;

/// <summary>
/// The whole broker above the sockets, from a seed: nothing acknowledged is lost, whatever dies. <c>BROKER_SIMULATION_SEEDS</c> sets how many
/// seeds are run, <c>BROKER_SIMULATION_SEED</c> runs one again.
/// </summary>
[Collection(SeedsCollection.Name)]
public sealed class BrokerSimulationTests
{
    [Fact]
    public void Nothing_acknowledged_is_lost_when_grains_and_gateways_die() =>
        ForSeeds(60, seed =>
        {
            BrokerWorld world = new(seed, new MemoryStoreUnderTest());
            world.Live(TimeSpan.FromSeconds(40), crashes: false);
            Assert.True(world.Oracle.Acknowledged > 0, "nothing was acknowledged: the simulation shows nothing");
        });

    [Fact]
    public void Nothing_acknowledged_is_lost_when_the_process_is_killed_and_the_disk_fails() =>
        ForSeeds(120, seed => LiveOnDisk(seed, losesPower: false));

    [Fact]
    public void Nothing_synced_is_lost_when_the_power_goes() =>
        ForSeeds(120, seed => LiveOnDisk(seed, losesPower: true));

    [Fact]
    public void Nothing_acknowledged_is_lost_when_silos_die_and_the_directory_is_wrong_for_a_while()
    {
        int duplicates = 0;
        ForSeeds(100, seed =>
        {
            BrokerWorld world = new(seed, new MemoryStoreUnderTest(), silos: 2);
            world.Live(TimeSpan.FromSeconds(40), crashes: false);
            Interlocked.Add(ref duplicates, world.Duplicates);
        });
        Assert.True(duplicates > 0, "no grain was ever in the cluster twice: the simulation shows nothing");
    }

    [Fact]
    public void Nothing_is_lost_on_the_way_through_the_serialiser() =>
        ForSeeds(20, seed => new BrokerWorld(seed, new MemoryStoreUnderTest(), silos: 2, serializes: true).Live(TimeSpan.FromSeconds(20), crashes: false));

    [Fact]
    public void Nothing_acknowledged_is_lost_when_calls_get_lost_and_come_late_and_twice()
    {
        RarePaths paths = new();
        ForSeeds(60, seed =>
        {
            BrokerWorld world = new(seed, new MemoryStoreUnderTest(), silos: 2, hasFaultyNetwork: true);
            world.Live(TimeSpan.FromSeconds(40), crashes: false);
            paths.Add(world);
        });
        paths.AssertReached();
    }

    [Fact]
    public void One_seed_gives_one_life()
    {
        ulong first = Trace(42);
        Assert.Equal(first, Trace(42));
        Assert.NotEqual(first, Trace(43));
    }

    private static void LiveOnDisk(int seed, bool losesPower)
    {
        BrokerWorld world = new(seed, new FileStoreUnderTest(seed, losesPower));
        world.Live(TimeSpan.FromSeconds(15), crashes: true);
    }

    private static void ForSeeds(int count, Action<int> run) => Seeds.Run("BROKER_SIMULATION_SEED", count, run);

    private static ulong Trace(int seed)
    {
        BrokerWorld world = new(seed, new MemoryStoreUnderTest(), silos: 2, hasFaultyNetwork: true);
        world.Live(TimeSpan.FromSeconds(20), crashes: false);
        return world.Scheduler.Trace;
    }
}
