using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Storage.SimulatedDisk;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Simulation.Whole;

/// <summary>The store in files on a simulated disk that tears writes, runs full, and forgets what was not synced.</summary>
internal sealed class FileStoreUnderTest : ISimulatedStore
{
    private static readonly TimeSpan SyncTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How far back a power cut may reach by the defaults.</summary>
    public static readonly TimeSpan SyncWindow = SyncTimeout + TimeSpan.FromMilliseconds(100);

    private readonly StorageOptions _options;
    private readonly bool _losesPower;
    private readonly Random _lending;
    private SimulatedFiles _disk;

    /// <param name="seed">What everything follows from.</param>
    /// <param name="losesPower">Whether a crash takes what was not synced; otherwise fsync may fail.</param>
    /// <param name="skipsSyncs">Whether fsync does nothing.</param>
    public FileStoreUnderTest(int seed, bool losesPower, bool skipsSyncs = false)
    {
        Random random = new(seed);
        _losesPower = losesPower;
        _lending = new Random(seed + 2);
        _disk = new SimulatedFiles(seed + 1) { SkipsSyncs = skipsSyncs };
        _options = new StorageOptions
        {
            DataPath = "/data",
            SyncEvery = random.Next(3) switch { 0 => 1, 1 => 20, _ => 2500 },
            SyncTimeout = SyncTimeout,
            MaxBytesPerFile = random.Next(3) switch { 0 => 2_000, 1 => 20_000, _ => 10 << 20 },
        };
        _disk.ManyFiles = random.Next(2) == 0 ? 2 : int.MaxValue;
    }

    public async ValueTask<IMessageStore> OpenAsync(SeededScheduler scheduler, TimeProvider time) =>
        await FileMessageStore.OpenAsync(
            _options, NullLogger.Instance, time, _disk, new ScheduledThreads(new SimulationTaskScheduler(scheduler), () => _lending.Next(2) == 0));

    public TimeSpan Crash(Random random)
    {
        bool powerLoss = _losesPower && random.Next(2) == 0;
        _disk = _disk.Crash(powerLoss);
        return powerLoss && _options.SyncEvery != 1 ? SyncWindow : TimeSpan.Zero;
    }

    public void Disturb(Random random)
    {
        if (random.Next(2) == 0)
        {
            Heal();
            return;
        }

        _disk.FailingWrites = random.Next(100);
        _disk.FailingSyncs = _losesPower ? 0 : random.Next(100);
    }

    public void Heal()
    {
        _disk.FailingWrites = 0;
        _disk.FailingSyncs = 0;
    }
}
