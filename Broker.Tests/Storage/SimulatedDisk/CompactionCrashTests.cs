using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>Power cuts while a channel's journal is compacted.</summary>
public sealed class CompactionCrashTests
{
    /// <summary>Invariant 11: what is kept survives compaction.</summary>
    [Fact]
    public void A_kept_message_survives_a_power_cut_while_its_journal_is_compacted()
    {
        List<int> lost = [];
        for (int seed = 0; seed < 200; seed++)
        {
            SimulatedScheduler scheduler = new(seed);
            SimulatedFiles disk = new(seed + 1);
            StorageOptions options = new() { DataPath = "/data", SyncEvery = 1 };
            bool isKept = false;
            int steps = new Random(seed).Next(1, 40);
            int generation = 0;
            scheduler.Run(
                async () =>
                {
                    FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, scheduler.Time, disk, new ScheduledThreads(scheduler));
                    ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
                    generation = log.Generation;
                    IChannelProgress progress = await store.OpenChannelAsync("t", generation, "c", 1);
                    for (long i = 0; i < 40_000; i++) progress.Note(new ProgressEntry(ProgressKind.Attempts, 1000 + (i * 2), 0, 1));
                    await progress.FlushAsync();
                    await progress.KeepAsync(MessageBatch.Create(1_000, Encoding.UTF8.GetBytes("kept")).At(5), 1, 0);
                    isKept = true;
                    await scheduler.Time.DelayAsync(TimeSpan.FromSeconds(1));
                },
                () => isKept && steps-- <= 0);
            disk = disk.Crash(powerLoss: true);
            SimulatedScheduler next = new(seed);
            bool isThere = false;
            next.Run(
                async () =>
                {
                    FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, next.Time, disk, new ScheduledThreads(next));
                    IChannelProgress progress = await store.OpenChannelAsync("t", generation, "c", 1);
                    isThere = await progress.ReadKeptAsync(5) is not null;
                },
                () => false);
            if (!isThere) lost.Add(seed);
        }

        Assert.Empty(lost);
    }
}
