using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Gateway;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Storage.Files;

/// <summary>What is written while the syncer is at work, on real threads.</summary>
public sealed class SyncOrderTests
{
    /// <summary>Invariant 10: what is written is synced within the interval, under true concurrency.</summary>
    [Fact]
    public async Task What_is_written_while_a_sync_runs_is_synced_within_the_interval()
    {
        using TemporaryFolder folder = new();
        HookedFiles files = new(new DiskFiles());
        StorageOptions options = new() { DataPath = folder.Path, SyncEvery = 1_000_000, SyncTimeout = TimeSpan.FromMilliseconds(300) };
        await using FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, files);
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        using SemaphoreSlim synced = new(0);
        int unsynced = 0;
        files.Written = path =>
        {
            if (IsSegment(path)) Volatile.Write(ref unsynced, 1);
        };
        files.Synced = path =>
        {
            if (!IsSegment(path)) return;

            Volatile.Write(ref unsynced, 0);
            synced.Release();
        };
        await log.AppendAsync(Batch(0, "a"), 1, 1);
        bool isFirst = true;
        files.Writing = path =>
        {
            // A write that takes as long as the disk likes: the next sync comes meanwhile.
            if (!isFirst || !IsSegment(path)) return;

            isFirst = false;
            synced.Wait(TimeSpan.FromSeconds(5));
        };

        await log.AppendAsync(Batch(1, "b"), 1, 2);

        await Eventually.TrueAsync(() => Volatile.Read(ref unsynced) == 0);
    }

    [Fact]
    public async Task Offsets_whose_first_reservation_failed_are_given_out_when_the_name_of_their_file_is_synced_too()
    {
        using TemporaryFolder folder = new();
        HookedFiles files = new(new DiskFiles());
        StorageOptions options = new() { DataPath = folder.Path, SyncTimeout = TimeSpan.FromHours(1) };
        await using FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, files);
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        bool isBroken = true;
        List<string> named = [];
        files.Syncing = path =>
        {
            if (isBroken && path.EndsWith("offsets", StringComparison.Ordinal)) throw new IOException("broken");
        };
        files.SyncingDirectory = path => named.Add(Path.GetFileName(path));
        await Assert.ThrowsAsync<StoreException>(async () => await log.AppendAsync(Batch(0, "first"), 1, 1));
        isBroken = false;
        log = (await store.OpenTopicAsync("t", create: false))!;
        named.Clear();
        await log.AppendAsync(Batch(log.NextOffset, "second"), 1, 2);
        Assert.Contains("t", named);
    }

    [Fact]
    public async Task A_sync_that_fails_takes_back_what_it_was_for_in_every_segment()
    {
        using TemporaryFolder folder = new();
        HookedFiles files = new(new DiskFiles());
        StorageOptions options = new() { DataPath = folder.Path, SyncEvery = 1, MaxBytesPerFile = 4096 };
        await using (FileMessageStore store = await FileMessageStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, files))
        {
            ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
            await log.AppendAsync(Batch(0, "first"), 1, 1);
            using ManualResetEventSlim go = new();
            using ManualResetEventSlim isWriting = new();
            files.Writing = path =>
            {
                if (!IsSegment(path)) return;

                isWriting.Set();
                go.Wait(TimeSpan.FromSeconds(5));
            };
            // The group behind the one that waits here goes over several segments.
            Task held = log.AppendAsync(Batch(1, "second"), 1, 2).AsTask();
            Assert.True(isWriting.Wait(TimeSpan.FromSeconds(5)));
            Task[] group = [.. Enumerable.Range(2, 6).Select(i => log.AppendAsync(Batch(i, new string('x', 1500)), 1, i + 1).AsTask())];
            files.Writing = null;
            bool isSecond = false;
            files.Syncing = path =>
            {
                if (IsSegment(path) && isSecond) throw new IOException("broken");
                isSecond |= IsSegment(path);
            };
            go.Set();
            await held;
            await Assert.ThrowsAsync<StoreException>(() => Task.WhenAll(group));
            files.Syncing = null;
            log = (await store.OpenTopicAsync("t", create: false))!;
            await log.AppendAsync(Batch(log.NextOffset, "last"), 1, 20);
        }

        await using FileMessageStore again = await FileMessageStore.OpenAsync(options, NullLogger.Instance, TimeProvider.System, new DiskFiles());
        ITopicLog read = (await again.OpenTopicAsync("t", create: false))!;
        Assert.Equal(["first", "second", "last"], (await Postgres.PostgresStores.ReadAllAsync(read)).Select(message => message.Text));
    }

    private static bool IsSegment(string path) => path.EndsWith(".log", StringComparison.Ordinal);

    private static MessageBatch Batch(long offset, string text) => MessageBatch.Create(1_000, Encoding.UTF8.GetBytes(text)).At(offset);
}
