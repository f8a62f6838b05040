using System.Globalization;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>
/// Thousands of lives of the store with crashes, power losses and failing disks. BROKER_STORAGE_SEEDS sets how many seeds are run,
/// BROKER_STORAGE_SEED runs one again.
/// </summary>
public sealed class StoreCrashTests
{
    private const int DefaultSeeds = 2_000;

    [Fact]
    public void What_was_acknowledged_survives_crashes_and_no_offset_is_used_twice()
    {
        if (Environment.GetEnvironmentVariable("BROKER_STORAGE_SEED") is { } one)
        {
            new CrashRun(int.Parse(one, CultureInfo.InvariantCulture)).Run();
            return;
        }
        string? seeds = Environment.GetEnvironmentVariable("BROKER_STORAGE_SEEDS");
        int count = seeds is null ? DefaultSeeds : int.Parse(seeds, CultureInfo.InvariantCulture);
        for (int seed = 0; seed < count; seed++)
            new CrashRun(seed).Run();
    }
}
