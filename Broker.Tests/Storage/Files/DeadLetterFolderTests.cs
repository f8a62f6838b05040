using System.Globalization;
using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Microsoft.Extensions.Logging.Abstractions;

namespace Broker.Tests.Storage.Files;

/// <summary>Segments of dead letters: how they are begun, given back, and written anew.</summary>
public sealed class DeadLetterFolderTests : IDisposable
{
    private const int Count = 20_000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Room_is_given_back_where_letters_are_gone_and_those_between_stay()
    {
        await using FileMessageStore store = await FileMessageStore.OpenAsync(new StorageOptions { DataPath = _folder.Path }, NullLogger.Instance, TimeProvider.System);
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        for (long number = 0; number < Count; number += 1_000)
            await progress.BuryAsync([.. Enumerable.Range(0, 1_000).Select(i => Letter(number + i))]);
        long[] all = Lengths();
        Assert.Equal(3, all.Length);

        // All of the first segment but one in a hundred, and all of the second.
        long size = Letter(0).Size;
        long[] firsts = Firsts();
        for (long number = 0; number < firsts[1]; number++)
        {
            if (number % 100 != 50)
                progress.Note(new ProgressEntry(ProgressKind.DeadRemoved, number, number + 1, Size: size));
        }

        progress.Note(new ProgressEntry(ProgressKind.DeadRemoved, firsts[1], firsts[2], Size: size * (firsts[2] - firsts[1])));
        await progress.FreeDeadAsync();
        Assert.Equal([firsts[0], firsts[2]], Firsts());
        Assert.InRange(Lengths()[0], 1, all[0] / 90);
        await AssertLeftAsync(progress, firsts);

        // The next opening knows no more than the files say, and goes on behind them.
        progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        await progress.FreeDeadAsync();
        await AssertLeftAsync(progress, firsts);
        await progress.BuryAsync([Letter(Count)]);
        Assert.Equal([Count - 1L, Count], (await progress.ReadDeadAsync(Count - 1, Count + 1, 1 << 20)).Letters.Select(letter => letter.Number));
    }

    [Fact]
    public async Task A_few_letters_come_out_of_one_segment_wherever_they_are()
    {
        HookedFiles files = new(new DiskFiles());
        await using FileMessageStore store = await FileMessageStore.OpenAsync(
            new StorageOptions { DataPath = _folder.Path }, NullLogger.Instance, TimeProvider.System, files);
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        for (long number = 0; number < Count; number += 1_000)
            await progress.BuryAsync([.. Enumerable.Range(0, 1_000).Select(i => Letter(number + i))]);
        List<string> opened = [];
        files.Opening = opened.Add;
        long[] firsts = Firsts();
        Assert.Equal(3, firsts.Length);
        foreach (long from in (long[])[Count - 50, firsts[2], firsts[2] - 50, 50, firsts[1], 0])
        {
            opened.Clear();
            DeadRead read = await progress.ReadDeadAsync(from, from + 50, 1 << 20);
            Assert.Equal(Enumerable.Range((int)from, 50).Select(number => (long)number), read.Letters.Select(letter => letter.Number));
            Assert.Equal(Segments()[Array.FindLastIndex(firsts, first => first <= from)], Assert.Single(opened));
        }
    }

    private static async Task AssertLeftAsync(IChannelProgress progress, long[] firsts)
    {
        DeadNumbers numbers = (await progress.LoadAsync())?.Dead ?? new DeadNumbers();
        List<long> found = [];
        for (long next = 0; next < Count;)
        {
            DeadRead read = await progress.ReadDeadAsync(next, Count, 64 << 10);
            Assert.True(read.End > next);
            Assert.All(read.Letters, letter => Assert.Equal(Letter(letter.Number).Record, letter.Record));
            found.AddRange(read.Letters.Select(letter => letter.Number));
            next = read.End;
        }

        List<long> left = [.. Enumerable.Range(0, (int)firsts[1]).Where(number => number % 100 == 50).Select(number => (long)number)];
        left.AddRange(Enumerable.Range((int)firsts[2], Count - (int)firsts[2]).Select(number => (long)number));
        Assert.Equal(left, found);
        if (numbers.End > 0)
            Assert.Equal(left.Count, numbers.Count);
    }

    private string[] Segments() => [.. Directory.EnumerateFiles(_folder.Path, "*.letters", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private long[] Lengths() => [.. Segments().Select(file => new FileInfo(file).Length)];

    private long[] Firsts() => [.. Segments().Select(file => long.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture))];

    private static DeadLetter Letter(long number)
    {
        byte[] body = new byte[1_000];
        Array.Fill(body, (byte)number);
        return new DeadLetter
        {
            Number = number,
            Offset = number + 1_000_000,
            Attempts = 1,
            Cause = DeadCause.Requeued,
            Time = 1,
            Address = "",
            ClientId = "",
            Record = MessageBatch.Create(1, body).Records,
        };
    }
}
