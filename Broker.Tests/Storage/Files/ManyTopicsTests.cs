using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;

namespace Broker.Tests.Storage.Files;

/// <summary>Many topics and channels are synced and closed as a whole.</summary>
public sealed class ManyTopicsTests
{
    private const int Topics = 100;

    private readonly RecordedLog _log = new();

    [Fact]
    public async Task A_store_with_many_topics_closes_with_a_few_syncs()
    {
        using TemporaryFolder folder = new();
        int whole = 0;
        int single = 0;
        HookedFiles files = new(new DiskFiles()) { Volume = (Topics, () => whole++) };
        FileMessageStore store = await OpenAsync(folder, files);
        await FillAsync(store);
        files.Syncing = _ => single++;
        files.SyncingDirectory = _ => single++;

        await store.DisposeAsync();

        Assert.Equal((3, 0), (whole, single));
        await ExpectCleanAsync(folder);
    }

    [Fact]
    public async Task When_the_whole_cannot_be_synced_each_file_is()
    {
        using TemporaryFolder folder = new();
        HashSet<string> synced = [];
        HookedFiles files = new(new DiskFiles()) { Volume = (Topics, () => throw new IOException("broken")) };
        FileMessageStore store = await OpenAsync(folder, files);
        await FillAsync(store);
        files.Synced = path => synced.Add(path);

        await store.DisposeAsync();

        foreach (string kind in new[] { ".log", ".journal", "offsets" })
            Assert.Equal(Topics, synced.Count(path => path.EndsWith(kind, StringComparison.Ordinal)));
        await ExpectCleanAsync(folder);
    }

    [Fact]
    public async Task Of_what_was_not_used_nothing_is_synced_at_the_end()
    {
        using TemporaryFolder folder = new();
        FileMessageStore first = await OpenAsync(folder, new DiskFiles());
        for (int i = 0; i < Topics; i++)
            await AppendAsync(first, i);
        await first.DisposeAsync();
        int syncs = 0;
        HookedFiles files = new(new DiskFiles());
        FileMessageStore store = await OpenAsync(folder, files);
        for (int i = 0; i < Topics; i++)
            Assert.NotNull(await store.OpenTopicAsync($"t{i}", create: false));
        files.Syncing = _ => syncs++;
        files.SyncingDirectory = _ => syncs++;

        await store.DisposeAsync();

        Assert.Equal(0, syncs);
    }

    [Fact]
    public void The_file_system_of_a_data_path_is_synced_as_a_whole_where_that_is_certain()
    {
        using TemporaryFolder folder = new();
        using IStorageVolume? volume = new DiskFiles().OpenVolume(folder.Path);
        string kind = new DriveInfo(folder.Path).DriveFormat;
        Assert.Equal(OperatingSystem.IsLinux() && kind is "ext2" or "ext3" or "ext4" or "xfs" or "btrfs" or "f2fs", volume is not null);
        volume?.Sync();
    }

    private static async Task<(FileMessageStore Store, ITopicLog Log)> AppendAsync(FileMessageStore store, int i)
    {
        ITopicLog log = (await store.OpenTopicAsync($"t{i}", create: true))!;
        await log.AppendAsync(MessageBatch.Create(1_000, Encoding.UTF8.GetBytes("hello")).At(log.NextOffset), 1, i + 1);
        return (store, log);
    }

    private static async Task FillAsync(FileMessageStore store)
    {
        for (int i = 0; i < Topics; i++)
        {
            (_, ITopicLog log) = await AppendAsync(store, i);
            IChannelProgress progress = await store.OpenChannelAsync($"t{i}", log.Generation, "c", 1);
            progress.Note(new ProgressEntry(ProgressKind.Floor, 1));
            await progress.FlushAsync();
        }
    }

    // The next start knows where each log ends without having to look, and what each channel has finished.
    private async Task ExpectCleanAsync(TemporaryFolder folder)
    {
        await using FileMessageStore store = await OpenAsync(folder, new DiskFiles());
        for (int i = 0; i < Topics; i++)
        {
            ITopicLog log = (await store.OpenTopicAsync($"t{i}", create: false))!;
            Assert.Equal((1, 1), (log.NextOffset, log.End));
            IChannelProgress progress = await store.OpenChannelAsync($"t{i}", log.Generation, "c", 1);
            Assert.Equal(1, (await progress.LoadAsync())!.Floor);
        }
        Assert.DoesNotContain(_log.Problems, problem => problem.Contains("not closed cleanly", StringComparison.Ordinal));
    }

    // An interval that does not end by itself.
    private Task<FileMessageStore> OpenAsync(TemporaryFolder folder, IStorageFiles files) => FileMessageStore.OpenAsync(
        new StorageOptions { DataPath = folder.Path, SyncTimeout = TimeSpan.FromMinutes(10) }, _log, TimeProvider.System, files);
}
