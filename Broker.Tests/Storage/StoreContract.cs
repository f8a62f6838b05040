using System.Text;
using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Tests.Storage;

/// <summary>What every store promises; each store's tests derive from it.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    protected IMessageStore Store { get; private set; } = null!;

    public async Task InitializeAsync() => Store = await OpenStoreAsync();

    public virtual async Task DisposeAsync() => await Store.DisposeAsync();

    protected abstract ValueTask<IMessageStore> OpenStoreAsync();

    [Fact]
    public async Task A_topic_is_made_only_when_asked_for()
    {
        Assert.Null(await Store.OpenTopicAsync("t", create: false));
        Assert.Empty(await Store.ListTopicsAsync());
        ITopicLog log = await MakeAsync("t");
        Assert.Equal(0, log.NextOffset);
        Assert.Equal(0, log.Start);
        Assert.Equal(0, log.End);
        Assert.Empty(log.Record.Channels);
        Assert.Equal(1, log.Record.NextIncarnation);
        await MakeAsync("..");
        await MakeAsync("a#ephemeral");
        Assert.Equal(["..", "a#ephemeral", "t"], await Store.ListTopicsAsync());
    }

    [Fact]
    public async Task What_was_appended_is_read_in_order()
    {
        ITopicLog log = await MakeAsync("t");
        await AppendAsync(log, 0, "a", "b", "c");
        await AppendAsync(log, 3, "d");
        await AppendAsync(log, 4, "e", "f");
        Assert.Equal(6, log.End);
        Assert.Equal(["0 a", "1 b", "2 c", "3 d", "4 e", "5 f"], await ReadAllAsync(log));

        ITopicReader reader = (await Store.OpenReaderAsync("t", log.Generation))!;
        LogRead read = await reader.ReadAsync(1, 4, int.MaxValue);
        Assert.Equal([0L, 3L], read.Batches.Select(batch => batch.BaseOffset));
        Assert.Equal(4, read.End);
        read = await reader.ReadAsync(0, 6, 1);
        Assert.Equal(3, read.End);
        Assert.Single(read.Batches);
        read = await reader.ReadAsync(6, 10, 100);
        Assert.Empty(read.Batches);
        Assert.Equal(6, read.End);
        Assert.Null(await Store.OpenReaderAsync("t", log.Generation + 1));
        Assert.Null(await Store.OpenReaderAsync("u", log.Generation));
    }

    [Fact]
    public async Task Ranges_are_counted_without_what_is_hidden()
    {
        ITopicLog log = await MakeAsync("t");
        await AppendAsync(log, 0, "aa", "bb", "cc");
        await log.AppendAsync(Deferred(3, 5000, "dddd", "eeee"), 0, 0);
        await AppendAsync(log, 5, "ff");
        Assert.Equal(new LogCount(4, 2, 16), await log.CountAsync(0, 6));
        Assert.Equal(new LogCount(2, 1, 8), await log.CountAsync(1, 4));
        Assert.Equal(new LogCount(0, 0, 0), await log.CountAsync(6, 9));
        Assert.Equal(new LogCount(0, 0, 0), await log.CountAsync(4, 2));
        await log.SaveRecordAsync(log.Record with { Hidden = [new OffsetRange(1, 4)] });
        Assert.Equal([new OffsetRange(1, 4)], log.Hidden);
        Assert.Equal(new LogCount(2, 1, 8), await log.CountAsync(0, 6));
        Assert.Equal(new LogCount(0, 0, 0), await log.CountAsync(2, 3));
    }

    [Fact]
    public async Task Due_times_come_back_with_headers_and_batches()
    {
        ITopicLog log = await MakeAsync("t");
        await AppendAsync(log, 0, "a");
        await log.AppendAsync(Deferred(1, 1000, "b", "c"), 0, 0);
        await AppendAsync(log, 3, "d");
        await log.AppendAsync(Deferred(4, 9000, "e"), 0, 0);
        IReadOnlyList<DeferredHeader> headers = await log.ReadDeferredAsync(2, 5);
        Assert.Equal([1L, 4L], headers.Select(header => header.BaseOffset));
        Assert.Equal([1000L, 1001L], headers[0].DueTimes);
        Assert.Equal([9000L], headers[1].DueTimes);
        Assert.Single(await log.ReadDeferredAsync(0, 4));
        Assert.Empty(await log.ReadDeferredAsync(5, 9));
        LogRead read = await log.ReadAsync(4, 5, 1000);
        Assert.Equal([9000L], read.Batches[0].DueTimes!);
        Assert.Equal(["4 e"], Texts(read.Batches[0]));
    }

    [Fact]
    public async Task A_second_opening_fences_the_first()
    {
        ITopicLog first = await MakeAsync("t");
        await first.AppendAsync(Batch(0, "a"), publisher: 7, sequence: 3);
        ITopicLog second = await MakeAsync("t");
        Assert.True(second.Epoch > first.Epoch);
        Assert.Equal(first.Generation, second.Generation);
        Assert.Equal(3, second.PublisherSequences[7].Highest);
        await Assert.ThrowsAsync<FencedException>(() => AppendAsync(first, 1, "x"));
        await Assert.ThrowsAsync<FencedException>(() => first.SaveRecordAsync(new TopicRecord()).AsTask());
        await Assert.ThrowsAsync<FencedException>(() => first.TrimAsync(1).AsTask());
        await Assert.ThrowsAsync<FencedException>(() => first.DeleteAsync().AsTask());
        await AppendAsync(second, second.NextOffset, "b");
        Assert.Equal(["a", "b"], (await ReadAllAsync(second)).Select(text => text.Split(' ')[1]));
        await first.DisposeAsync();
        await AppendAsync(second, second.End, "c");
    }

    [Fact]
    public async Task Which_requests_of_a_publisher_are_in_the_log_is_remembered_from_the_lowest_open_one_on()
    {
        ITopicLog log = await MakeAsync("t");
        (long Sequence, long Lowest)[] appends = [(100, 98), (98, 98), (103, 99), (101, 99)];
        foreach ((long sequence, long lowest) in appends)
            await log.AppendAsync(Batch(log.End, $"{sequence}"), 7, sequence, lowest);
        await log.DisposeAsync();

        SequenceWindow known = (await MakeAsync("t")).PublisherSequences[7];
        Assert.Equal(
            [SequenceVerdict.Unknown, SequenceVerdict.New, SequenceVerdict.InLog, SequenceVerdict.InLog, SequenceVerdict.New, SequenceVerdict.InLog],
            Enumerable.Range(98, 6).Select(sequence => known.Judge(sequence)));
    }

    [Fact]
    public async Task A_closed_log_goes_on_without_a_gap()
    {
        ITopicLog log = await MakeAsync("t");
        await AppendAsync(log, 0, "a", "b");
        await log.DisposeAsync();
        log = await MakeAsync("t");
        Assert.Equal(2, log.NextOffset);
        Assert.Equal(2, log.End);
        await AppendAsync(log, 2, "c");
        Assert.Equal(["0 a", "1 b", "2 c"], await ReadAllAsync(log));
    }

    [Fact]
    public async Task The_record_is_kept()
    {
        ITopicLog log = await MakeAsync("t");
        TopicRecord record = new()
        {
            Paused = true,
            Head = 5,
            Cursor = 9,
            NextIncarnation = 3,
            Channels = [new ChannelRecord("a", 1, 5, false), new ChannelRecord("b", 2, 7, true, new ChannelPolicy { RetryDelay = new RetryDelay(100, 1.5, 9000) })],
            Policy = new TopicPolicy { Channels = new ChannelPolicy { MaxAttempts = 5, DeadLetter = ChannelPolicy.Drop } },
            Hidden = [new OffsetRange(6, 7), new OffsetRange(8, 9)],
        };
        await log.SaveRecordAsync(record);
        await log.DisposeAsync();
        log = (await Store.OpenTopicAsync("t", create: false))!;
        Assert.Equal(record with { Channels = [], Hidden = [] }, log.Record with { Channels = [], Hidden = [] });
        Assert.Equal(record.Channels, log.Record.Channels);
        Assert.Equal(record.Hidden, log.Record.Hidden);
    }

    [Fact]
    public async Task The_channels_are_listed_without_opening_the_topic()
    {
        Assert.Empty(await Store.ListChannelsAsync("t"));
        ITopicLog log = await MakeAsync("t");
        Assert.Empty(await Store.ListChannelsAsync("t"));
        await log.SaveRecordAsync(log.Record with { Channels = [new ChannelRecord("a", 1, 0, false), new ChannelRecord("b", 2, 0, true)] });
        Assert.Equal(["a", "b"], await Store.ListChannelsAsync("t"));
        // Whoever has the topic open still has it.
        await AppendAsync(log, 0, "m");
        await log.DeleteAsync();
        Assert.Empty(await Store.ListChannelsAsync("t"));
    }

    [Fact]
    public async Task Trimming_keeps_what_is_not_below()
    {
        ITopicLog log = await MakeAsync("t");
        for (int i = 0; i < 10; i++)
            await AppendAsync(log, i * 2, $"a{i}", $"b{i}");
        await log.TrimAsync(9);
        Assert.InRange(log.Start, 0, 8);
        List<string> left = await ReadAllAsync(log);
        Assert.Equal("19 b9", left[^1]);
        Assert.Contains("9 b4", left);
        await log.TrimAsync(20);
        Assert.Equal(20, log.End);
        await AppendAsync(log, 20, "c");
        Assert.Equal("20 c", (await ReadAllAsync(log))[^1]);
    }

    [Fact]
    public async Task A_topic_deleted_right_after_its_channel_leaves_nothing_to_complain_of()
    {
        ITopicLog log = await MakeAsync("t");
        await AppendAsync(log, 0, "a");
        IChannelProgress progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        progress.Note(new ProgressEntry(ProgressKind.Floor, 1));
        await progress.FlushAsync();
        await Store.DeleteChannelAsync("t", log.Generation, "c", 1);
        await log.DeleteAsync();

        // What is still to be synced is synced now.
        await Store.DisposeAsync();
        Assert.Null(Store.Failure);
    }

    [Fact]
    public async Task A_deleted_topic_is_gone_and_comes_back_empty_under_a_new_generation()
    {
        ITopicLog log = await MakeAsync("t");
        await AppendAsync(log, 0, "a");
        IChannelProgress progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        progress.Note(new ProgressEntry(ProgressKind.Floor, 1));
        await progress.FlushAsync();
        await log.DeleteAsync();
        Assert.Empty(await Store.ListTopicsAsync());
        Assert.Null(await Store.OpenTopicAsync("t", create: false));
        Assert.Null(await Store.OpenReaderAsync("t", log.Generation));
        await Assert.ThrowsAsync<FencedException>(() => AppendAsync(log, 1, "b"));
        await Assert.ThrowsAsync<FencedException>(() => progress.FlushAsync().AsTask());
        await Assert.ThrowsAsync<FencedException>(() => Store.OpenChannelAsync("t", log.Generation, "c", 1).AsTask());

        ITopicLog again = await MakeAsync("t");
        Assert.NotEqual(log.Generation & 1023, again.Generation & 1023);
        Assert.Equal(0, again.NextOffset);
        Assert.Empty(await ReadAllAsync(again));
        Assert.Null(await (await Store.OpenChannelAsync("t", again.Generation, "c", 1)).LoadAsync());
    }

    [Fact]
    public async Task Progress_is_kept()
    {
        ITopicLog log = await MakeAsync("t", 40);
        IChannelProgress progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        Assert.Null(await progress.LoadAsync());
        progress.Note(new ProgressEntry(ProgressKind.Floor, 10));
        progress.Note(new ProgressEntry(ProgressKind.Finished, 12, 13));
        progress.Note(new ProgressEntry(ProgressKind.Finished, 13, 15));
        progress.Note(new ProgressEntry(ProgressKind.Finished, 20, 25));
        progress.Note(new ProgressEntry(ProgressKind.Deferred, 16, 123456, 2));
        progress.Note(new ProgressEntry(ProgressKind.Deferred, 17, 999, 1));
        progress.Note(new ProgressEntry(ProgressKind.Attempts, 17, 0, 3));
        progress.Note(new ProgressEntry(ProgressKind.Attempts, 11, 0, 65535));
        progress.Note(new ProgressEntry(ProgressKind.Attempts, 30, 0, 4));
        progress.Note(new ProgressEntry(ProgressKind.Finished, 30, 31));
        await progress.FlushAsync();
        Assert.Equal(10, progress.DurableFloor);
        await progress.DisposeAsync();

        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        ChannelState state = (await progress.LoadAsync())!;
        Assert.Equal(10, state.Floor);
        Assert.Equal([new OffsetRange(12, 15), new OffsetRange(20, 25), new OffsetRange(30, 31)], state.Finished);
        Assert.Equal(
            [new MessageState(11, 65535, 0, false), new MessageState(16, 2, 123456, false), new MessageState(17, 3, 0, false)],
            state.Messages);
        progress.Note(new ProgressEntry(ProgressKind.Floor, 17));
        await progress.FlushAsync();
        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        state = (await progress.LoadAsync())!;
        Assert.Equal(17, state.Floor);
        Assert.Equal([new MessageState(17, 3, 0, false)], state.Messages);
        progress.Note(new ProgressEntry(ProgressKind.Emptied, 40));
        await progress.FlushAsync();
        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        state = (await progress.LoadAsync())!;
        Assert.Equal(40, state.Floor);
        Assert.Equal(40, progress.DurableFloor);
        Assert.Empty(state.Finished);
        Assert.Empty(state.Messages);
    }

    [Fact]
    public async Task Kept_messages_outlive_the_floor_and_end_when_finished()
    {
        ITopicLog log = await MakeAsync("t", 100);
        IChannelProgress progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        await progress.KeepAsync(Batch(3, "three"), 5, 7777);
        await progress.KeepAsync(Deferred(4, 0, "four"), 6, 0);
        progress.Note(new ProgressEntry(ProgressKind.Floor, 100));
        progress.Note(new ProgressEntry(ProgressKind.Deferred, 4, 8888, 7));
        Assert.Equal(["3 three"], Texts((await progress.ReadKeptAsync(3))!));
        Assert.Null(await progress.ReadKeptAsync(5));
        await progress.FlushAsync();
        await progress.DisposeAsync();

        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        ChannelState state = (await progress.LoadAsync())!;
        Assert.Equal(100, state.Floor);
        Assert.Equal([new MessageState(3, 5, 7777, true), new MessageState(4, 7, 8888, true)], state.Messages);
        Assert.Equal(["4 four"], Texts((await progress.ReadKeptAsync(4))!));
        progress.Note(new ProgressEntry(ProgressKind.Finished, 3, 4));
        await progress.FlushAsync();
        Assert.Null(await progress.ReadKeptAsync(3));
        Assert.NotNull(await progress.ReadKeptAsync(4));
        progress.Note(new ProgressEntry(ProgressKind.Emptied, 100));
        await progress.FlushAsync();
        Assert.Null(await progress.ReadKeptAsync(4));
        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        Assert.Empty((await progress.LoadAsync())!.Messages);
    }

    [Fact]
    public async Task Dead_letters_are_finished_in_the_log_and_stay_until_they_are_removed()
    {
        ITopicLog log = await MakeAsync("t", 10);
        IChannelProgress progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        await progress.KeepAsync(Batch(3, "three"), 5, 0);
        progress.Note(new ProgressEntry(ProgressKind.Attempts, 4, 0, 2));
        DeadLetter[] letters = [Letter(0, 4, "four"), Letter(1, 3, "three"), Letter(2, 0, "zero"), Letter(3, 1, "one")];
        await progress.BuryAsync(letters[..3]);
        await progress.BuryAsync(letters[3..]);
        Assert.Null(await progress.ReadKeptAsync(3));

        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        ChannelState state = (await progress.LoadAsync())!;
        Assert.Equal(2, state.Floor);
        Assert.Equal([new OffsetRange(3, 5)], state.Finished);
        Assert.Empty(state.Messages);
        Assert.Equal((4, 4, 0, letters.Sum(letter => letter.Size)), (state.Dead.End, state.Dead.Count, state.Dead.Floor, state.Dead.Bytes));
        DeadRead read = await progress.ReadDeadAsync(0, 4, 1 << 20);
        Assert.Equal(letters.Select(Describe), read.Letters.Select(Describe));
        Assert.Equal(4, read.End);
        read = await progress.ReadDeadAsync(1, 4, 1);
        Assert.Equal(letters[1..2].Select(Describe), read.Letters.Select(Describe));
        Assert.Equal(2, read.End);
        Assert.Equal(["2 zero"], (await progress.ReadDeadAsync(2, 3, 1 << 20)).Letters.Select(letter => $"{letter.Number} {Texts(letter.Message).Single()[2..]}"));

        progress.Note(new ProgressEntry(ProgressKind.DeadRemoved, 0, 1, Size: letters[0].Size));
        progress.Note(new ProgressEntry(ProgressKind.DeadRemoved, 2, 3, Size: letters[2].Size));
        await progress.FreeDeadAsync();
        await progress.FreeDeadAsync();
        Assert.Equal([1L], (await progress.ReadDeadAsync(1, 2, 1 << 20)).Letters.Select(letter => letter.Number));
        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        state = (await progress.LoadAsync())!;
        Assert.Equal((4, 2, 1), (state.Dead.End, state.Dead.Count, state.Dead.Floor));
        Assert.Equal([new OffsetRange(1, 2), new OffsetRange(3, 4)], state.Dead.Live(0, 9));
        Assert.Equal(letters[1].Size + letters[3].Size, state.Dead.Bytes);
    }

    [Fact]
    public async Task A_dead_letter_that_is_revived_is_a_kept_message_without_attempts()
    {
        ITopicLog log = await MakeAsync("t", 10);
        IChannelProgress progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        DeadLetter[] letters = [Letter(0, 4, "four"), Letter(1, 5, "five")];
        await progress.BuryAsync(letters);
        await progress.ReviveAsync(letters[1..]);
        Assert.Equal(["5 five"], Texts((await progress.ReadKeptAsync(5))!));
        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        ChannelState state = (await progress.LoadAsync())!;
        Assert.Equal([new MessageState(5, 0, 0, true)], state.Messages);
        Assert.Equal((2, 1, (long)letters[0].Size), (state.Dead.End, state.Dead.Count, state.Dead.Bytes));
        Assert.Equal(["5 five"], Texts((await progress.ReadKeptAsync(5))!));

        // It dies again, under a new number.
        await progress.BuryAsync([Letter(2, 5, "five")]);
        await progress.FreeDeadAsync();
        Assert.Null(await progress.ReadKeptAsync(5));
        progress = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        state = (await progress.LoadAsync())!;
        Assert.Empty(state.Messages);
        Assert.Equal([new OffsetRange(0, 1), new OffsetRange(2, 3)], state.Dead.Live(0, 9));
        Assert.Equal([0L, 2L], (await progress.ReadDeadAsync(0, 3, 1 << 20)).Letters.Select(letter => letter.Number).Except([1L]));
    }

    [Fact]
    public async Task Dead_letters_belong_to_one_incarnation_and_to_the_last_opening()
    {
        ITopicLog log = await MakeAsync("t", 10);
        IChannelProgress first = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        await first.BuryAsync([Letter(0, 4, "four")]);
        IChannelProgress second = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        await Assert.ThrowsAsync<FencedException>(() => first.BuryAsync([Letter(1, 5, "five")]).AsTask());
        await Assert.ThrowsAsync<FencedException>(() => first.ReviveAsync([Letter(0, 4, "four")]).AsTask());
        await second.BuryAsync([Letter(1, 6, "six")]);
        Assert.Equal([4L, 6L], (await second.ReadDeadAsync(0, 2, 1 << 20)).Letters.Select(letter => letter.Offset));

        IChannelProgress third = await Store.OpenChannelAsync("t", log.Generation, "c", 2);
        Assert.Null(await third.LoadAsync());
        await third.BuryAsync([Letter(0, 7, "seven")]);
        Assert.Equal([7L], (await third.ReadDeadAsync(0, 9, 1 << 20)).Letters.Select(letter => letter.Offset));
        await Store.DeleteChannelAsync("t", log.Generation, "c", 2);
        await Assert.ThrowsAsync<FencedException>(() => third.BuryAsync([Letter(1, 8, "eight")]).AsTask());
    }

    [Fact]
    public async Task A_second_opening_of_a_channel_fences_the_first()
    {
        ITopicLog log = await MakeAsync("t", 50);
        IChannelProgress first = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        first.Note(new ProgressEntry(ProgressKind.Floor, 1));
        await first.FlushAsync();
        IChannelProgress second = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        Assert.True(second.Epoch > first.Epoch);
        first.Note(new ProgressEntry(ProgressKind.Floor, 50));
        await Assert.ThrowsAsync<FencedException>(() => first.FlushAsync().AsTask());
        await Assert.ThrowsAsync<FencedException>(() => first.KeepAsync(Batch(3, "x"), 1, 0).AsTask());
        await first.DisposeAsync();
        second.Note(new ProgressEntry(ProgressKind.Floor, 2));
        await second.FlushAsync();
        Assert.Equal(2, (await (await Store.OpenChannelAsync("t", log.Generation, "c", 1)).LoadAsync())!.Floor);
    }

    [Fact]
    public async Task Only_the_newest_incarnation_of_a_channel_counts()
    {
        ITopicLog log = await MakeAsync("t", 60);
        IChannelProgress first = await Store.OpenChannelAsync("t", log.Generation, "c", 1);
        first.Note(new ProgressEntry(ProgressKind.Floor, 50));
        await first.FlushAsync();
        IChannelProgress second = await Store.OpenChannelAsync("t", log.Generation, "c", 2);
        Assert.Null(await second.LoadAsync());
        await Assert.ThrowsAsync<FencedException>(() => first.FlushAsync().AsTask());
        await Assert.ThrowsAsync<FencedException>(() => Store.OpenChannelAsync("t", log.Generation, "c", 1).AsTask());
        second.Note(new ProgressEntry(ProgressKind.Floor, 60));
        await second.FlushAsync();
        await Store.DeleteChannelAsync("t", log.Generation, "c", 1);
        await second.FlushAsync();
        await Store.DeleteChannelAsync("t", log.Generation, "c", 2);
        await Assert.ThrowsAsync<FencedException>(() => second.FlushAsync().AsTask());
        await Store.DeleteChannelAsync("t", log.Generation, "c", 2);
        IChannelProgress third = await Store.OpenChannelAsync("t", log.Generation, "c", 3);
        Assert.Null(await third.LoadAsync());
    }

    protected async Task<ITopicLog> MakeAsync(string topic, int messages = 0)
    {
        ITopicLog log = (await Store.OpenTopicAsync(topic, create: true))!;
        if (messages > 0)
            await AppendAsync(log, 0, [.. Enumerable.Range(0, messages).Select(i => $"{i}")]);
        return log;
    }

    protected static MessageBatch Batch(long offset, params string[] bodies) =>
        MessageBatch.Create(1_000, [.. bodies.Select(Encoding.UTF8.GetBytes)]).At(offset);

    protected static MessageBatch Deferred(long offset, long due, params string[] bodies)
    {
        MessageBatch batch = Batch(offset, bodies);
        return new MessageBatch
        {
            BaseOffset = offset,
            Count = batch.Count,
            Records = batch.Records,
            DueTimes = [.. Enumerable.Range(0, batch.Count).Select(i => due + i)],
        };
    }

    protected static DeadLetter Letter(long number, long offset, string body, DeadCause cause = DeadCause.TimedOut) => new()
    {
        Number = number,
        Offset = offset,
        Attempts = (ushort)(number + 3),
        Cause = cause,
        Time = 1_000_000 + number,
        Address = "[::1]:1234",
        ClientId = $"client {number} ü",
        Record = Batch(offset, body).Records,
    };

    protected static string Describe(DeadLetter letter) =>
        $"{letter.Number} {letter.Attempts} {letter.Cause} {letter.Time} {letter.Address} {letter.ClientId} {Texts(letter.Message).Single()}";

    protected static Task AppendAsync(ITopicLog log, long offset, params string[] bodies) =>
        log.AppendAsync(Batch(offset, bodies), 0, 0).AsTask();

    protected static async Task<List<string>> ReadAllAsync(ITopicReader reader)
    {
        List<string> texts = [];
        for (long next = reader.Start; next < reader.End;)
        {
            LogRead read = await reader.ReadAsync(next, reader.End, 50);
            Assert.True(read.End > next);
            foreach (MessageBatch batch in read.Batches)
                texts.AddRange(Texts(batch));
            next = read.End;
        }
        return texts;
    }

    protected static IEnumerable<string> Texts(MessageBatch batch)
    {
        int position = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            yield return $"{batch.BaseOffset + i} {Encoding.UTF8.GetString(batch.BodyAt(position).Span)}";
            position += batch.SizeAt(position);
        }
    }
}
