using System.Text;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Files;
using Broker.Tests.Storage.Files;
using Xunit.Sdk;

namespace Broker.Tests.Storage.SimulatedDisk;

/// <summary>Whatever is damaged in segments and journals: the store starts, says what it dropped, and gives everything else.</summary>
public sealed class DamageTests
{
    private const int Seeds = 600;

    [Fact]
    public void Damage_takes_only_what_it_hits()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            RecordedLog log = new();
            try
            {
                SimulatedScheduler scheduler = new(seed);
                scheduler.Run(() => RunAsync(seed, scheduler, log), () => false);
            }
            catch (Exception e)
            {
                throw new XunitException($"seed {seed}: {e.Message}\n{string.Join('\n', log.Problems)}\n{e}");
            }
        }
    }

    private static async Task RunAsync(int seed, SimulatedScheduler scheduler, RecordedLog problems)
    {
        Random random = new(seed);
        SimulatedFiles disk = new(seed);
        StorageOptions options = new() { DataPath = "/data", MaxBytesPerFile = random.Next(2_000, 30_000) };
        List<(long Offset, long End, string Body)> written = [];
        SimulatedFiles damaged;
        bool closed = random.Next(2) == 0;
        int generation;
        {
            FileMessageStore store = await FileMessageStore.OpenAsync(options, problems, scheduler.Time, disk, new ScheduledThreads(scheduler));
            ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
            generation = log.Generation;
            for (long next = 0; next < 200;)
            {
                string body = $"{seed} {next} {new string('z', random.Next(400))}";
                MessageBatch batch = MessageBatch.Create(1, Encoding.ASCII.GetBytes(body), [1], [2]).At(next);
                await log.AppendAsync(batch, 0, 0);
                written.Add((next, batch.EndOffset, body));
                next = batch.EndOffset;
            }
            IChannelProgress progress = await store.OpenChannelAsync("t", generation, "c", 1);
            for (int i = 0; i < 50; i++)
            {
                progress.Note(new ProgressEntry(ProgressKind.Finished, i * 4, i * 4 + 2));
                await progress.FlushAsync();
            }
            if (closed)
                await store.DisposeAsync();
            damaged = disk.Crash(powerLoss: false);
        }
        int quiet = problems.Problems.Count;
        bool inLog = random.Next(2) == 0;
        string what = damaged.Damage(random, path => path.EndsWith(inLog ? ".log" : ".journal", StringComparison.Ordinal))!;

        await using FileMessageStore again = await FileMessageStore.OpenAsync(
            options, problems, scheduler.Time, damaged, new ScheduledThreads(scheduler));
        ITopicLog reopened = (await again.OpenTopicAsync("t", create: false))!;
        Assert.Equal(generation, reopened.Generation);
        Dictionary<long, string> read = [];
        for (long next = reopened.Start; next < reopened.End;)
        {
            LogRead part = await reopened.ReadAsync(next, reopened.End, 3_000);
            Assert.True(part.End > next);
            foreach (MessageBatch batch in part.Batches)
                read[batch.BaseOffset] = Encoding.ASCII.GetString(batch.BodyAt(0).Span);
            next = part.End;
        }
        List<long> lost = [.. written.Where(batch => !read.ContainsKey(batch.Offset)).Select(batch => batch.Offset)];
        foreach ((long offset, string body) in read)
            Assert.Equal(written.Single(batch => batch.Offset == offset).Body, body);
        Assert.True(reopened.NextOffset >= 201, $"{what}: offsets could be used twice");
        if (what.Contains("cut at", StringComparison.Ordinal))
        {
            // A file that was cut loses its end, and only that.
            for (int i = 1; i < lost.Count; i++)
                Assert.Equal(lost[i - 1] + 3, lost[i]);
        }
        else
        {
            Assert.True(lost.Count <= (inLog ? 5 : 0), $"{what}: {lost.Count} batches were lost");
        }
        if (lost.Count > 0 && !what.Contains("cut at", StringComparison.Ordinal))
            Assert.True(problems.Problems.Count > quiet, $"{what}: nothing was said of {lost.Count} lost batches");

        // A damaged segment still takes what is published now.
        MessageBatch more = MessageBatch.Create(1, [9]).At(reopened.NextOffset);
        await reopened.AppendAsync(more, 0, 0);
        Assert.Equal(9, (await reopened.ReadAsync(more.BaseOffset, more.EndOffset, 100)).Batches[^1].BodyAt(0).Span[0]);

        ChannelState? state = await (await again.OpenChannelAsync("t", generation, "c", 1)).LoadAsync();
        long finished = (state?.Floor ?? 0) + (state?.Finished.Sum(range => range.Length) ?? 0);
        foreach (OffsetRange range in state?.Finished ?? [])
            Assert.True(range.Start % 4 == 0 && range.End == range.Start + 2, $"{what}: {range} was never finished");
        if (inLog)
            Assert.Equal(100, finished);
        else if (!what.Contains("cut at", StringComparison.Ordinal))
            Assert.True(finished >= 100 - 2 * 20, $"{what}: {finished} of 100 are left");
    }
}
