using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>A process that is killed loses what its channels have noted last, and no more.</summary>
public sealed class ProgressCrashTests
{
    /// <summary>What README.md promises of FINs.</summary>
    private static readonly TimeSpan Bound = TimeSpan.FromMilliseconds(100);

    [Fact]
    public void What_a_channel_noted_before_the_last_100_ms_outlives_the_process()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            SimulatedScheduler scheduler = new(seed);
            SimulatedFiles disk = new(seed + 1);
            StorageOptions options = new() { DataPath = "/data" };
            int generation = 0;
            bool isOver = false;
            scheduler.Run(
                async () =>
                {
                    FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, scheduler.Time, disk, new ScheduledThreads(scheduler));
                    ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
                    generation = log.Generation;
                    await log.AppendAsync(MessageBatch.Create(1_000, [.. Enumerable.Repeat(Encoding.UTF8.GetBytes("x"), 10)]).At(0), 1, 1);
                    IChannelProgress progress = await store.OpenChannelAsync("t", generation, "c", 1);
                    progress.Note(new ProgressEntry(ProgressKind.Finished, 2, 4));
                    await scheduler.Time.DelayAsync(Bound);
                    isOver = true;
                    await scheduler.Time.DelayAsync(TimeSpan.FromSeconds(1));
                },
                () => isOver);
            disk = disk.Crash(powerLoss: false);
            SimulatedScheduler next = new(seed);
            IReadOnlyList<OffsetRange> finished = [];
            next.Run(
                async () =>
                {
                    FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, next.Time, disk, new ScheduledThreads(next));
                    IChannelProgress progress = await store.OpenChannelAsync("t", generation, "c", 1);
                    finished = (await progress.LoadAsync())?.Finished ?? [];
                },
                () => false);
            Assert.Equal([new OffsetRange(2, 4)], finished);
        }
    }
}
