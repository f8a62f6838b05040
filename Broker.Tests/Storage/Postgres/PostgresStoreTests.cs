using System.Globalization;
using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Postgres;
using Broker.Tests.Gateway;

namespace Broker.Tests.Storage.Postgres;

/// <summary>What the store in PostgreSQL promises beyond the others.</summary>
public sealed class PostgresStoreTests
{
    [Fact]
    public async Task Appends_that_wait_at_once_are_written_in_order_and_share_transactions()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        const int topics = 20;
        const int appends = 100;
        ITopicLog[] logs = await Task.WhenAll(Enumerable.Range(0, topics).Select(async i => (await store.OpenTopicAsync($"t{i}", create: true))!));
        string before = await stores.AskAsync<string>("select pg_current_xact_id()::text");

        await Task.WhenAll(logs.SelectMany(log => Enumerable.Range(0, appends).Select(i => log.AppendAsync(PostgresStores.Batch(i * 2, $"a{i}", $"b{i}"), 1, i).AsTask())));

        string after = await stores.AskAsync<string>("select pg_current_xact_id()::text");
        // Others may use the server meanwhile; one transaction each would be 2000.
        Assert.InRange(long.Parse(after, CultureInfo.InvariantCulture) - long.Parse(before, CultureInfo.InvariantCulture), 1, topics * appends / 2);
        string[] expected = [.. Enumerable.Range(0, appends).SelectMany(i => (string[])[$"a{i}", $"b{i}"])];
        foreach (ITopicLog log in logs)
        {
            List<(long Offset, string Text)> all = await PostgresStores.ReadAllAsync(log);
            Assert.Equal(expected, all.Select(message => message.Text));
            Assert.Equal(Enumerable.Range(0, appends * 2).Select(i => (long)i), all.Select(message => message.Offset));
        }
    }

    [Fact]
    public async Task A_silo_that_opens_a_topic_fences_the_silo_that_has_it()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore one = await stores.OpenSharedAsync();
        PostgresMessageStore two = await stores.OpenSharedAsync();
        ITopicLog first = (await one.OpenTopicAsync("t", create: true))!;
        await first.AppendAsync(PostgresStores.Batch(0, "a"), 5, 1);
        ITopicReader reader = (await two.OpenReaderAsync("t", first.Generation))!;
        await first.AppendAsync(PostgresStores.Batch(1, "b"), 5, 2);
        // A reader elsewhere learns of what comes, and of what is hidden.
        Assert.Equal(2, (await reader.ReadAsync(0, 2, 1000)).Batches.Count);
        await first.SaveRecordAsync(first.Record with { Hidden = [new OffsetRange(0, 1)] });
        Assert.Equal(1, (await reader.CountAsync(0, 2)).Messages);
        Assert.Equal([new OffsetRange(0, 1)], reader.Hidden);

        ITopicLog second = (await two.OpenTopicAsync("t", create: false))!;
        Assert.InRange(second.NextOffset, 2, long.MaxValue);
        await Assert.ThrowsAsync<FencedException>(() => first.AppendAsync(PostgresStores.Batch(2, "x"), 5, 3).AsTask());
        await Assert.ThrowsAsync<FencedException>(() => first.AppendAsync(PostgresStores.Batch(3, "y"), 5, 4).AsTask());
        await second.AppendAsync(PostgresStores.Batch(second.NextOffset, "c"), 6, 1);
        Assert.Equal(["a", "b", "c"], (await PostgresStores.ReadAllAsync(second)).Select(message => message.Text));
        Assert.Equal(SequenceVerdict.InLog, second.PublisherSequences[5].Judge(2));
        Assert.NotEqual(SequenceVerdict.InLog, second.PublisherSequences[5].Judge(3));

        await second.DeleteAsync();
        ITopicLog third = (await one.OpenTopicAsync("t", create: true))!;
        Assert.NotEqual(second.Generation, third.Generation);
        StoreException gone = await Assert.ThrowsAsync<StoreException>(() => reader.ReadAsync(0, 3, 1000).AsTask());
        Assert.Equal("topic t was deleted", gone.Message);
    }

    [Fact]
    public async Task Sequences_that_came_out_of_order_are_all_known_even_when_their_messages_are_gone()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        long[] sequences = [3, 1, 5, 4];
        foreach (long sequence in sequences) await log.AppendAsync(PostgresStores.Batch(log.End, $"{sequence}"), 7, sequence);
        await log.TrimAsync(log.End);
        Assert.Equal(0, await stores.AskAsync<long>("select count(*) from $.batches"));

        SequenceWindow known = (await store.OpenTopicAsync("t", create: false))!.PublisherSequences[7];

        Assert.Equal([1L, 3L, 4L, 5L], Enumerable.Range(1, 6).Select(i => (long)i).Where(i => known.Judge(i) == SequenceVerdict.InLog));
    }

    [Fact]
    public async Task Trimming_removes_rows_and_leaves_counts_and_offsets_right()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        for (int i = 0; i < 2500; i++) _ = log.AppendAsync(PostgresStores.Batch(i * 2, "aa", "bb"), 0, 0).AsTask();
        await log.AppendAsync(PostgresStores.Batch(5000, "cc"), 0, 0);
        Assert.Equal(5001 * 14, log.Bytes);

        await log.TrimAsync(4801);

        Assert.Equal(101, await stores.AskAsync<long>("select count(*) from $.batches"));
        Assert.Equal(4800, log.Start);
        Assert.Equal(201 * 14, log.Bytes);
        await log.DisposeAsync();
        ITopicLog other = (await store.OpenTopicAsync("t", create: false))!;
        foreach (ITopicReader reader in (ITopicReader[])[log, other])
        {
            Assert.Equal(4800, reader.Start);
            Assert.Equal(new LogCount(201, 0, 402), await reader.CountAsync(0, 9000));
            Assert.Equal(new LogCount(101, 0, 202), await reader.CountAsync(4900, 5001));
            Assert.Equal(new LogCount(1, 0, 2), await reader.CountAsync(4801, 4802));
            LogRead read = await reader.ReadAsync(10, 20, 100);
            Assert.Empty(read.Batches);
            Assert.Equal(20, read.End);
        }

        await other.DisposeAsync();
        ITopicLog again = (await store.OpenTopicAsync("t", create: false))!;
        Assert.Equal(201 * 14, again.Bytes);
        await again.TrimAsync(9000);
        Assert.Equal((5001L, 5001L, 5001L, 0L), (again.Start, again.End, again.NextOffset, again.Bytes));
        await again.AppendAsync(PostgresStores.Batch(5001, "dddd"), 0, 0);
        Assert.Equal(16, again.Bytes);
        await again.DisposeAsync();
        again = (await store.OpenTopicAsync("t", create: false))!;
        Assert.Equal((5001L, 5002L, 5002L, 16L), (again.Start, again.End, again.NextOffset, again.Bytes));
        Assert.Equal(new LogCount(1, 0, 4), await again.CountAsync(0, 9000));
    }

    [Fact]
    public async Task A_backlog_is_read_in_ranges_of_the_size_that_is_asked_for()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        ITopicLog log = (await (await stores.OpenAsync()).OpenTopicAsync("t", create: true))!;
        string body = new('x', 988);
        for (int i = 0; i < 999; i++) _ = log.AppendAsync(PostgresStores.Batch(i, body), 0, 0).AsTask();
        await log.AppendAsync(PostgresStores.Batch(999, body), 0, 0);
        long next = 0;
        while (next < 1000)
        {
            LogRead read = await log.ReadAsync(next, 1000, 100_000);
            Assert.Equal(next, read.Batches[0].BaseOffset);
            Assert.True(read.Batches.Count <= 100);
            Assert.Equal(read.End, read.Batches[^1].EndOffset);
            next = read.End;
        }

        Assert.Equal(100, (await log.ReadAsync(500, 1000, 100_000)).Batches.Count);
        Assert.Single((await log.ReadAsync(500, 1000, 10)).Batches);
    }

    [Fact]
    public async Task A_topic_that_is_full_refuses_and_takes_more_when_it_is_trimmed()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        stores.MaxTopicBytes = 100;
        ITopicLog log = (await (await stores.OpenAsync()).OpenTopicAsync("t", create: true))!;
        await log.AppendAsync(PostgresStores.Batch(0, new string('x', 50)), 0, 0);
        Assert.Null(log.Refusal(38));
        Assert.Equal("topic t is full: it may take 100 bytes", log.Refusal(39));
        await log.TrimAsync(1);
        Assert.Null(log.Refusal(100));
    }

    [Fact]
    public async Task A_damaged_batch_is_skipped_and_reported()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        ITopicLog log = (await (await stores.OpenAsync()).OpenTopicAsync("t", create: true))!;
        for (int i = 0; i < 3; i++) await log.AppendAsync(PostgresStores.Batch(i, $"m{i}"), 0, 0);
        await stores.AskAsync<int>("with damaged as (update $.batches set records = set_byte(records, 12, 33) where base_offset = 1 returning 1) select 1 from damaged");

        Assert.Equal([(0L, "m0"), (2L, "m2")], await PostgresStores.ReadAllAsync(log));
        Assert.Contains("topic t: the batch at offset 1 is damaged and skipped", stores.Log.Problems);
        // Read alone, it is passed.
        LogRead read = await log.ReadAsync(1, 2, 100);
        Assert.Empty(read.Batches);
        Assert.Equal(2, read.End);
    }

    [Fact]
    public async Task Offsets_that_the_server_has_forgotten_are_not_given_out_again()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        for (int i = 0; i < 5; i++) await log.AppendAsync(PostgresStores.Batch(i, $"m{i}"), 0, 0);
        // As after the promotion of a standby that was behind.
        await stores.AskAsync<int>("with gone as (delete from $.batches where base_offset >= 3 returning 1), back as (update $.topics set end_offset = 3 returning 1) select 1 from back");

        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => log.AppendAsync(PostgresStores.Batch(5, "x"), 0, 0).AsTask());
        Assert.Equal("cannot write topic t: in PostgreSQL it ends at 3, not at 5", refused.Message);
        ITopicLog again = (await store.OpenTopicAsync("t", create: false))!;
        Assert.InRange(again.NextOffset, 5, 5 + (1 << 21));
        await again.AppendAsync(PostgresStores.Batch(again.NextOffset, "y"), 0, 0);
        Assert.Equal([(0L, "m0"), (1L, "m1"), (2L, "m2"), (again.NextOffset, "y")], await PostgresStores.ReadAllAsync(again));
        Assert.Contains(stores.Log.Problems, problem => problem.StartsWith("topic t: PostgreSQL has lost 2 offsets", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Progress_costs_what_changes_and_is_compacted()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        await progress.KeepAsync(PostgresStores.Batch(1, "kept"), 3, 77);
        for (int i = 1; i <= 20; i++)
        {
            // Every second one of a thousand: nothing joins, so each is an entry of its own.
            for (int j = 0; j < 1000; j++) progress.Note(new ProgressEntry(ProgressKind.Finished, (i * 10_000) + (j * 2), (i * 10_000) + (j * 2) + 1));
            progress.Note(new ProgressEntry(ProgressKind.Deferred, 500_000 + i, i, 2));
            await progress.FlushAsync();
        }

        for (int i = 1; i <= 20; i++) progress.Note(new ProgressEntry(ProgressKind.Finished, i * 10_000, (i * 10_000) + 2000));
        progress.Note(new ProgressEntry(ProgressKind.Floor, 100_000));
        await progress.FlushAsync();
        await Eventually.TrueAsync(async () =>
        {
            // The next change asks for the next compaction.
            progress.Note(new ProgressEntry(ProgressKind.Attempts, 600_000, 0, 9));
            await progress.FlushAsync();
            return await stores.AskAsync<bool>("select snapshot is not null and length(snapshot) < 1000 from $.channels");
        });
        Assert.InRange(await stores.AskAsync<long>("select count(*) from $.channel_journal"), 0, 21);

        ChannelState state = (await (await store.OpenChannelAsync("t", log.Generation, "c", 1)).LoadAsync())!;
        Assert.Equal(102_000, state.Floor);
        Assert.Equal(Enumerable.Range(11, 10).Select(i => new OffsetRange(i * 10_000, (i * 10_000) + 2000)), state.Finished);
        Assert.Equal(
            [new MessageState(1, 3, 77, true), .. Enumerable.Range(1, 20).Select(i => new MessageState(500_000 + i, 2, i, false)), new MessageState(600_000, 9, 0, false)],
            state.Messages);
    }

    [Fact]
    public async Task A_damaged_part_of_progress_is_skipped_and_reported()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        for (int i = 0; i < 3; i++)
        {
            progress.Note(new ProgressEntry(ProgressKind.Finished, i * 10, (i * 10) + 1));
            await progress.FlushAsync();
        }

        await stores.AskAsync<int>("with damaged as (update $.channel_journal set entries = set_byte(entries, 1, 99) where sequence = 2 returning 1) select 1 from damaged");

        ChannelState state = (await (await store.OpenChannelAsync("t", log.Generation, "c", 1)).LoadAsync())!;
        Assert.Equal(1, state.Floor);
        Assert.Equal([new OffsetRange(20, 21)], state.Finished);
        Assert.Contains(stores.Log.Problems, problem => problem.StartsWith("channel c of topic t: a part of its progress is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_deleted_topic()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        for (int i = 0; i < 2200; i++) _ = log.AppendAsync(PostgresStores.Batch(i, "m"), 1, i).AsTask();
        await log.AppendAsync(PostgresStores.Batch(2200, "m"), 1, 2200);
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        await progress.KeepAsync(PostgresStores.Batch(1, "kept"), 3, 77);

        await log.DeleteAsync();

        await Eventually.TrueAsync(() => stores.AskAsync<bool>(
            """
            select (select count(*) from $.topics) + (select count(*) from $.batches) + (select count(*) from $.publishers) + (select count(*) from $.channels)
              + (select count(*) from $.channel_journal) + (select count(*) from $.channel_kept) + (select count(*) from $.deleted_topics) = 0
            """));
    }

    [Fact]
    public async Task The_nodes_number_stays_with_the_schema()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore store = await stores.OpenAsync();
        Assert.Equal(17, await store.NodeNumberAsync(17));
        await store.DisposeAsync();
        Assert.Equal(17, await (await stores.OpenAsync()).NodeNumberAsync(18));
    }
}
