using Broker.Tests.Simulation;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>
/// Thousands of lives of the store with crashes, power losses and failing disks. <c>BROKER_STORAGE_SEEDS</c> sets how many seeds are run,
/// <c>BROKER_STORAGE_SEED</c> runs one again.
/// </summary>
[Collection(SeedsCollection.Name)]
public sealed class StoreCrashTests
{
    [Fact]
    public void What_was_acknowledged_survives_crashes_and_no_offset_is_used_twice() =>
        Seeds.Run("BROKER_STORAGE_SEED", 1_000, seed => new CrashRun(seed).Run());
}
