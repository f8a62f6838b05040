using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;

namespace Broker.Tests.Storage.Files;

/// <summary>What the store on disk says after it was closed, or was not, and opened again.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RecordedLog _log = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_clean_end_leaves_no_gap_and_no_warning()
    {
        int generation;
        await using (FileMessageStore store = await OpenAsync())
        {
            ITopicLog log = (await store.OpenTopicAsync("..", create: true))!;
            generation = log.Generation;
            for (int i = 0; i < 100; i++)
                await log.AppendAsync(Batch(i * 2, 2, 300), publisher: i % 3 + 1, sequence: i);
            await log.SaveRecordAsync(new TopicRecord { Head = 5 });
            IChannelProgress progress = await store.OpenChannelAsync("..", generation, ".", 4);
            progress.Note(new ProgressEntry(ProgressKind.Floor, 17));
        }
        await using (FileMessageStore store = await OpenAsync())
        {
            Assert.Equal([".."], await store.ListTopicsAsync());
            ITopicLog log = (await store.OpenTopicAsync("..", create: false))!;
            Assert.Equal(generation, log.Generation);
            Assert.Equal(200, log.NextOffset);
            Assert.Equal(200, log.End);
            Assert.Equal(0, log.Start);
            Assert.Equal(5, log.Record.Head);
            Assert.Equal([99L, 97L, 98L], [log.PublisherSequences[1].Highest, log.PublisherSequences[2].Highest, log.PublisherSequences[3].Highest]);
            Assert.Equal(200, (await log.CountAsync(0, 1000)).Messages);
            Assert.Equal(200, await CountReadAsync(log));
            Assert.Equal(17, (await (await store.OpenChannelAsync("..", generation, ".", 4)).LoadAsync())!.Floor);
        }
        Assert.Empty(_log.Problems);
    }

    [Fact]
    public async Task What_publishers_have_open_is_known_after_a_restart_also_from_sealed_segments()
    {
        SequenceWindow known;
        await using (FileMessageStore store = await OpenAsync())
        {
            ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
            for (int i = 1; i <= 200; i++)
                await log.AppendAsync(Batch(i - 1, 1, 300), publisher: 7, sequence: i ^ 1, lowest: Math.Max(1, (i ^ 1) - 5));
            known = (await store.OpenTopicAsync("t", create: false))!.PublisherSequences[7];
            Assert.Equal((201, 196), (known.Highest, known.Lowest));
        }
        await using (FileMessageStore store = await OpenAsync())
            Assert.Equal(known, (await store.OpenTopicAsync("t", create: false))!.PublisherSequences[7]);
    }

    [Fact]
    public async Task Nothing_is_at_work_any_more_once_the_store_is_closed()
    {
        CountingThreads threads = new();
        await using (FileMessageStore store = await FileMessageStore.OpenAsync(
            new StorageOptions { DataPath = _folder.Path }, _log, TimeProvider.System, threads: threads))
        {
            ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
            // Journals so long that they are compacted as soon as they are written.
            for (int i = 0; i < 20; i++)
            {
                IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, $"c{i}", 1);
                await progress.LoadAsync();
                for (int offset = 0; offset < 20_000; offset++)
                    progress.Note(new ProgressEntry(ProgressKind.Deferred, offset, 1000, 1));
            }
        }
        Assert.Equal(0, threads.Unfinished);
        Assert.DoesNotContain(Directory.GetFiles(_folder.Path, "*", SearchOption.AllDirectories), file => file.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unclean_end_never_uses_an_offset_twice()
    {
        string copy = _folder.Path + "-copy";
        try
        {
            await using (FileMessageStore store = await OpenAsync())
            {
                ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
                for (int i = 0; i < 10; i++)
                    await log.AppendAsync(Batch(i, 1, 100), 0, 0);
                // What is in the files now is what a killed process would leave.
                CopyFolder(_folder.Path, copy);
            }
            await using (FileMessageStore store = await OpenAsync(copy))
            {
                ITopicLog log = (await store.OpenTopicAsync("t", create: false))!;
                Assert.Equal(10, log.End);
                Assert.True(log.NextOffset > 10);
                long next = log.NextOffset;
                await log.AppendAsync(Batch(next, 1, 100), 0, 0);
                Assert.Equal(next + 1, log.End);
                Assert.Equal(11, await CountReadAsync(log));
                Assert.Equal(11, (await log.CountAsync(0, long.MaxValue)).Messages);
                Assert.Equal(next, (await log.ReadAsync(10, log.End, 100)).Batches[0].BaseOffset);
            }
            Assert.Single(_log.Problems);
            Assert.Contains("offsets continue at", _log.Problems[0], StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public async Task What_takes_the_place_of_a_torn_end_is_not_taken_for_damaged()
    {
        string copy = _folder.Path + "-copy";
        try
        {
            await using (FileMessageStore store = await OpenAsync())
            {
                ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
                await log.AppendAsync(Batch(0, 1, 100), 0, 0);
                await log.AppendAsync(Batch(1, 1, 100), 0, 0);
                CopyFolder(_folder.Path, copy);
            }
            // The header of the last batch reached the device, and not all of its records did.
            string segment = Assert.Single(Directory.GetFiles(Path.Combine(copy, "topics/t"), "*.log"));
            byte[] bytes = await File.ReadAllBytesAsync(segment);
            bytes[^1] ^= 1;
            await File.WriteAllBytesAsync(segment, bytes);
            long next;
            await using (FileMessageStore store = await OpenAsync(copy))
            {
                ITopicLog log = (await store.OpenTopicAsync("t", create: false))!;
                Assert.Equal(1, log.End);
                next = log.NextOffset;
                await log.AppendAsync(Deferred(next), 0, 0);
                await log.AppendAsync(Batch(next + 1, 1, 100), 0, 0);
                await AssertAllFoundAsync(log, next);
            }
            await using (FileMessageStore store = await OpenAsync(copy))
                await AssertAllFoundAsync((await store.OpenTopicAsync("t", create: false))!, next);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }

        static MessageBatch Deferred(long offset)
        {
            MessageBatch batch = Batch(offset, 1, 100);
            return new MessageBatch { BaseOffset = offset, Count = 1, Records = batch.Records, DueTimes = [5000] };
        }

        static async Task AssertAllFoundAsync(ITopicLog log, long deferred)
        {
            Assert.Equal(deferred, Assert.Single(await log.ReadDeferredAsync(0, log.End)).BaseOffset);
            LogCount below = await log.CountAsync(0, deferred + 1);
            Assert.Equal((1, 1), (below.Messages, below.Deferred));
            Assert.Equal(3, await CountReadAsync(log));
        }
    }

    [Fact]
    public async Task Segments_are_rolled_indexed_and_trimmed()
    {
        await using (FileMessageStore store = await OpenAsync(maxBytesPerFile: 10_000))
        {
            ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
            for (int i = 0; i < 100; i++)
                await log.AppendAsync(Batch(i * 10, 10, 50), 0, 0);
            Assert.True(Segments().Length > 5);
            Assert.Equal(1000, await CountReadAsync(log));
            await log.TrimAsync(500);
            Assert.InRange(log.Start, 300, 500);
            Assert.Equal(1000 - log.Start, (await log.CountAsync(0, 5000)).Messages);
            Assert.Equal(1000 - log.Start, await CountReadAsync(log));
            await log.TrimAsync(1000);
            Assert.InRange(log.Start, 900, 1000);
            Assert.Equal(1000, log.End);
            Assert.InRange(Segments().Length, 1, 2);
        }
        await using (FileMessageStore store = await OpenAsync())
        {
            ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
            Assert.Equal(1000, log.NextOffset);
            Assert.Equal(1000, log.End);
            Assert.InRange(log.Start, 900, 1000);
        }
        Assert.Empty(_log.Problems);
    }

    [Fact]
    public async Task A_second_process_is_told_who_has_the_data_path()
    {
        await using FileMessageStore store = await OpenAsync();
        StoreException e = await Assert.ThrowsAsync<StoreException>(() => OpenAsync());
        Assert.Equal($"data path {_folder.Path} is in use by process {Environment.ProcessId}", e.Message);
    }

    [Fact]
    public async Task A_missing_data_path_is_an_error()
    {
        StoreException e = await Assert.ThrowsAsync<StoreException>(() => OpenAsync(Path.Combine(_folder.Path, "none")));
        Assert.Equal($"data path {Path.Combine(_folder.Path, "none")} does not exist", e.Message);
    }

    [Theory]
    [InlineData("store", 8)]
    [InlineData("topics/t/record", 8)]
    public async Task A_newer_format_is_refused(string file, int versionAt)
    {
        await using (FileMessageStore store = await OpenAsync())
            await store.OpenTopicAsync("t", create: true);
        string path = Path.Combine(_folder.Path, file);
        byte[] bytes = await File.ReadAllBytesAsync(path);
        bytes[versionAt] = 9;
        await File.WriteAllBytesAsync(path, bytes);
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () =>
        {
            await using FileMessageStore store = await OpenAsync();
            await store.OpenTopicAsync("t", create: false);
        });
        Assert.Equal($"{path} has format version 9, which is newer than 1, the newest that this version reads", e.Message);
    }

    [Fact]
    public async Task A_full_topic_refuses_and_goes_on_when_trimmed()
    {
        await using FileMessageStore store = await FileMessageStore.OpenAsync(
            new StorageOptions { DataPath = _folder.Path, MaxTopicBytes = 100_000 }, _log, TimeProvider.System);
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        long next = 0;
        while (log.Refusal(1_000) is null)
        {
            await log.AppendAsync(Batch(next, 1, 1_000 - MessageBatch.RecordHeaderSize), 0, 0);
            next++;
        }
        Assert.InRange(log.Bytes, 90_000, 100_000);
        Assert.Equal("topic t is full: it may take 100000 bytes on disk", log.Refusal(1_000));
        await log.TrimAsync(next / 2);
        Assert.Null(log.Refusal(1_000));
        await log.AppendAsync(Batch(next, 1, 100), 0, 0);
        await log.TrimAsync(next + 1);
        Assert.InRange(log.Bytes, 0, 20_000);
    }

    [Fact]
    public async Task A_journal_is_compacted_as_it_grows()
    {
        await using FileMessageStore store = await OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        await log.AppendAsync(Batch(0, 500, 3), 0, 0);
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        await progress.KeepAsync(Batch(3, 1, 5000), 1, 99);
        string journal = Path.Combine(_folder.Path, "topics/t/channels/c.journal");
        Random random = new(1);
        long greatest = 0;
        for (int round = 0; round < 300; round++)
        {
            for (int i = 0; i < 500; i++)
                progress.Note(new ProgressEntry(ProgressKind.Attempts, 1000 + random.Next(100), 0, (ushort)(i + 1)));
            progress.Note(new ProgressEntry(ProgressKind.Floor, 500));
            await progress.FlushAsync();
            greatest = Math.Max(greatest, new FileInfo(journal).Length);
        }
        // It goes on growing while a compaction is under way, however long that takes here, but not for ever.
        Assert.InRange(greatest, 60_000, 700_000);
        Assert.Equal(5000, (await progress.ReadKeptAsync(3))!.BodyBytes);
        await progress.DisposeAsync();
        progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        ChannelState state = (await progress.LoadAsync())!;
        Assert.Equal(500, state.Floor);
        Assert.Equal(101, state.Messages.Count);
        Assert.Equal(new MessageState(3, 1, 99, true), state.Messages[0]);
        Assert.Equal(5000, (await progress.ReadKeptAsync(3))!.BodyBytes);
    }

    [Fact]
    public async Task A_channel_that_is_opened_while_its_journal_is_compacted_is_read_from_what_comes_of_it()
    {
        HookedFiles files = new(new DiskFiles());
        using ManualResetEventSlim isCompacting = new();
        using ManualResetEventSlim go = new();
        files.Writing = path =>
        {
            if (!path.EndsWith(DataPath.TemporarySuffix, StringComparison.Ordinal) || !path.Contains("journal", StringComparison.Ordinal)) return;
            isCompacting.Set();
            go.Wait(TimeSpan.FromSeconds(60));
        };
        await using FileMessageStore store = await FileMessageStore.OpenAsync(
            new StorageOptions { DataPath = _folder.Path }, _log, TimeProvider.System, files);
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        await log.AppendAsync(Batch(0, 500, 3), 0, 0);
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        for (int attempts = 1; !isCompacting.IsSet; attempts++)
        {
            for (int offset = 0; offset < 500; offset++)
                progress.Note(new ProgressEntry(ProgressKind.Attempts, offset, 0, (ushort)attempts));
            await progress.FlushAsync();
        }
        await progress.DisposeAsync();
        Task<IChannelProgress> opening = store.OpenChannelAsync("t", log.Generation, "c", 1).AsTask();
        await Task.WhenAny(opening, Task.Delay(TimeSpan.FromMilliseconds(200)));
        Assert.False(opening.IsCompleted);
        go.Set();
        await using IChannelProgress opened = await opening;
        Assert.Equal(500, (await opened.LoadAsync())!.Messages.Count);
        Assert.Empty(_log.Problems);
    }

    internal static MessageBatch Batch(long offset, int count, int size)
    {
        byte[][] bodies = new byte[count][];
        for (int i = 0; i < count; i++)
        {
            bodies[i] = new byte[size];
            Encoding.ASCII.GetBytes($"{offset + i}", bodies[i]);
        }
        return MessageBatch.Create(1, bodies).At(offset);
    }

    private static async Task<long> CountReadAsync(ITopicReader log)
    {
        long count = 0;
        for (long next = log.Start; next < log.End;)
        {
            LogRead read = await log.ReadAsync(next, log.End, 5_000);
            count += read.Batches.Where(batch => batch.BaseOffset >= next).Sum(batch => batch.Count);
            Assert.True(read.End > next);
            next = read.End;
        }
        return count;
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string directory in Directory.GetDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
            Directory.CreateDirectory(directory.Replace(from, to, StringComparison.Ordinal));
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            if (Path.GetFileName(file) == "lock")
                continue;
            File.Copy(file, file.Replace(from, to, StringComparison.Ordinal));
        }
    }

    private string[] Segments() => Directory.GetFiles(Path.Combine(_folder.Path, "topics/t"), "*.log");

    private Task<FileMessageStore> OpenAsync(string? path = null, long maxBytesPerFile = 100 << 20) => FileMessageStore.OpenAsync(
        new StorageOptions { DataPath = path ?? _folder.Path, MaxBytesPerFile = maxBytesPerFile }, _log, TimeProvider.System);
}
