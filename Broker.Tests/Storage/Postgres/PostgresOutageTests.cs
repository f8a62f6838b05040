using System.Collections.Concurrent;
using System.Diagnostics;
using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Postgres;
using Broker.Tests.Gateway;

namespace Broker.Tests.Storage.Postgres;

/// <summary>What happens to a store whose server is restarted, cannot be reached, or loses its answers.</summary>
public sealed class PostgresOutageTests
{
    // What ends by itself takes 8 to 19 s at most on a machine by itself; what does not never ends.
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_server_that_restarts_costs_no_append_and_doubles_none()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using PostgresStores stores = new(server);
        PostgresMessageStore store = await stores.OpenAsync();
        ConcurrentQueue<string> acknowledged = new();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        bool goOn = true;
        long sequence = 0;
        Task appending = Task.Run(async () =>
        {
            while (Volatile.Read(ref goOn))
            {
                string text = $"m{++sequence}";
                try
                {
                    await log.AppendAsync(PostgresStores.Batch(Math.Max(log.End, log.NextOffset), text), 1, sequence);
                    acknowledged.Enqueue(text);
                }
                catch (StoreException)
                {
                    // As the topic's grain does: the log tells what became of it.
                    log = await ReopenAsync(store);
                    if (log.PublisherSequences.TryGetValue(1, out SequenceWindow known) && known.Judge(sequence) == SequenceVerdict.InLog) acknowledged.Enqueue(text);
                }
            }
        });
        Func<Task>[] ends = [server.StopAsync, server.CrashAsync, server.KillAsync];
        foreach (Func<Task> end in ends)
        {
            int before = acknowledged.Count;
            await Eventually.TrueAsync(() => acknowledged.Count > before + 20);
            await end();
            await server.StartAsync();
        }

        int last = acknowledged.Count;
        await Eventually.TrueAsync(() => acknowledged.Count > last + 20);
        Volatile.Write(ref goOn, false);
        await appending;

        Assert.Equal(acknowledged, (await PostgresStores.ReadAllAsync(log)).Select(message => message.Text));
        await Eventually.TrueAsync(() => store.Failure is null);
    }

    [Fact]
    public async Task An_append_whose_answer_is_lost_is_in_the_log_once()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await using PostgresProxy proxy = new(server.ConnectionString);
        await using PostgresStores stores = new(server) { ConnectionString = proxy.ConnectionString };
        ITopicLog log = (await (await stores.OpenAsync()).OpenTopicAsync("t", create: true))!;
        await log.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1);

        Task lost = proxy.LoseAnswerTo("precious");
        await log.AppendAsync(PostgresStores.Batch(1, "precious"), 1, 2);

        await lost.WaitAsync(Running.NsqSocket.Patience);
        await log.AppendAsync(PostgresStores.Batch(2, "c"), 1, 3);
        Assert.Equal([(0L, "a"), (1L, "precious"), (2L, "c")], await PostgresStores.ReadAllAsync(log));
    }

    [Fact]
    public async Task A_writer_whose_answer_is_lost_and_that_is_taken_over_is_refused_and_the_next_one_knows()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await using PostgresProxy proxy = new(server.ConnectionString);
        await using PostgresStores stores = new(server) { ConnectionString = proxy.ConnectionString };
        ITopicLog first = (await (await stores.OpenSharedAsync()).OpenTopicAsync("t", create: true))!;
        await first.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1);
        stores.ConnectionString = null;
        PostgresMessageStore other = await stores.OpenSharedAsync();

        Task lost = proxy.LoseAnswerTo("precious");
        Task append = first.AppendAsync(PostgresStores.Batch(1, "precious"), 1, 2).AsTask();
        await lost;
        ITopicLog? second = null;
        await Task.WhenAll(append.ContinueWith(_ => { }, TaskScheduler.Default), Task.Run(async () => second = await other.OpenTopicAsync("t", create: false)));

        // Either the writer found out first that it had succeeded, or it was refused; the log has the batch once either way.
        if (append.IsFaulted) Assert.IsType<FencedException>(append.Exception!.InnerException);
        Assert.Equal(SequenceVerdict.InLog, second!.PublisherSequences[1].Judge(2));
        Assert.Equal([(0L, "a"), (1L, "precious")], await PostgresStores.ReadAllAsync(second));
        await Assert.ThrowsAsync<FencedException>(() => first.AppendAsync(PostgresStores.Batch(2, "x"), 1, 3).AsTask());
    }

    [Fact]
    public async Task Progress_whose_answer_is_lost_is_written_once_more_without_harm()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await using PostgresProxy proxy = new(server.ConnectionString);
        await using PostgresStores stores = new(server) { ConnectionString = proxy.ConnectionString };
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "precious", 1);
        Task lost = proxy.LoseAnswerTo("precious");
        progress.Note(new ProgressEntry(ProgressKind.Finished, 5, 6));
        await progress.FlushAsync();
        await lost.WaitAsync(Running.NsqSocket.Patience);
        Assert.Equal(1, await stores.AskAsync<long>("select count(*) from $.channel_journal"));
        Assert.Equal([new OffsetRange(5, 6)], (await (await store.OpenChannelAsync("t", log.Generation, "precious", 1)).LoadAsync())!.Finished);
    }

    [Fact]
    public async Task A_commit_that_its_standby_has_not_confirmed_is_not_acknowledged()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using PostgresStores stores = new(server);
        ITopicLog log = (await (await stores.OpenAsync()).OpenTopicAsync("t", create: true))!;
        await log.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1);
        // A standby that is not there.
        await server.AskAsync("alter system set synchronous_standby_names = 'elsewhere'");
        await server.AskAsync("select pg_reload_conf()");
        await Eventually.TrueAsync(async () => (string)(await server.AskAsync("show synchronous_standby_names"))! == "elsewhere");

        Task append = log.AppendAsync(PostgresStores.Batch(1, "b"), 1, 2).AsTask();
        const string Waiting = "select count(*) from pg_stat_activity where wait_event = 'SyncRep' and query like ";
        await Eventually.TrueAsync(async () => (long)(await server.AskAsync(Waiting + "'%unnest%'"))! == 1);
        // An operator who loses patience: PostgreSQL commits here alone, says so in a warning, and reports success.
        await server.AskAsync("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
        await Eventually.TrueAsync(async () => append.IsCompleted || (long)(await server.AskAsync(Waiting + "'%set epoch = epoch where%'"))! == 1);
        Assert.False(append.IsCompleted, append.Exception?.Message ?? "acknowledged");

        await server.AskAsync("alter system reset synchronous_standby_names");
        await server.AskAsync("select pg_reload_conf()");
        await append.WaitAsync(Running.NsqSocket.Patience);
        Assert.Equal([(0L, "a"), (1L, "b")], await PostgresStores.ReadAllAsync(log));
    }

    [Fact]
    public async Task A_store_tells_while_its_server_is_out_of_reach_and_goes_on_by_itself()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using PostgresStores stores = new(server);
        PostgresMessageStore store = await stores.OpenAsync();
        ITopicLog log = (await store.OpenTopicAsync("t", create: true))!;
        IChannelProgress progress = await store.OpenChannelAsync("t", log.Generation, "c", 1);
        IChannelProgress other = await store.OpenChannelAsync("t", log.Generation, "d", 1);
        await server.StopAsync();

        // Nobody uses it, and still it tells.
        await Eventually.TrueAsync(() => store.Failure == "the store is out of reach: PostgreSQL cannot be reached: Connection refused");
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => log.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1).AsTask());
        Assert.Equal("cannot write topic t: PostgreSQL cannot be reached: Connection refused", refused.Message);
        progress.Note(new ProgressEntry(ProgressKind.Floor, 7));
        IChannelProgress[] channels = [progress, other];
        for (int i = 0; i < 8; i++) await Assert.ThrowsAsync<StoreException>(() => channels[i % 2].FlushAsync().AsTask());
        // They fail in turns, ten times in all, from few causes: a connection is refused, or given up.
        Assert.InRange(stores.Log.Problems.Count(problem => problem.StartsWith("cannot write", StringComparison.Ordinal)), 1, 3);

        await server.StartAsync();

        // What could not be written is written by itself.
        await Eventually.TrueAsync(() => progress.DurableFloor == 7);
        await Eventually.TrueAsync(() => store.Failure is null);
        log = await ReopenAsync(store);
        await log.AppendAsync(PostgresStores.Batch(log.NextOffset, "b"), 1, 2);
        Assert.Equal([(log.NextOffset, "b")], await PostgresStores.ReadAllAsync(log));
        await Eventually.TrueAsync(() => stores.Log.Lines.Any(line => line.StartsWith("PostgreSQL takes writes again; ", StringComparison.Ordinal)));
        Assert.Contains(
            "the store is out of reach: PostgreSQL cannot be reached: Connection refused; see that the server runs, can be reached and has space", stores.Log.Problems);
    }

    [Fact]
    public async Task A_broker_that_lost_its_schema_to_another_stops_using_it()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using PostgresProxy proxy = new(server.ConnectionString);
        await using PostgresStores stores = new(server) { ConnectionString = proxy.ConnectionString };
        PostgresMessageStore first = await stores.OpenAsync();
        ITopicLog log = (await first.OpenTopicAsync("t", create: true))!;
        stores.ConnectionString = null;
        Task<PostgresMessageStore> opening = stores.OpenAsync();
        await Eventually.TrueAsync(() => stores.Log.Problems.Any(problem => problem.Contains("trying again", StringComparison.Ordinal)));

        // The first one's connection breaks, and it cannot make another before the one who waits has the schema.
        proxy.IsSilent = true;
        await server.AskAsync("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted");
        PostgresMessageStore second = await opening;
        proxy.IsSilent = false;

        await Eventually.TrueAsync(() => first.Failure?.Contains("is in use by broker, process", StringComparison.Ordinal) == true);
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => log.AppendAsync(PostgresStores.Batch(0, "x"), 1, 1).AsTask());
        Assert.StartsWith($"cannot write topic t: schema {stores.Schema} in PostgreSQL is in use by", refused.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(() => first.OpenTopicAsync("t", create: false).AsTask());
        ITopicLog taken = (await second.OpenTopicAsync("t", create: false))!;
        await taken.AppendAsync(PostgresStores.Batch(taken.NextOffset, "a"), 1, 1);
        Assert.Equal([(taken.NextOffset, "a")], await PostgresStores.ReadAllAsync(taken));
    }

    /// <summary>Invariant 3: every writer loop survives any exception; no append stays without an outcome.</summary>
    [Fact]
    public async Task An_append_after_a_restart_of_an_idle_server_is_written_at_once()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        // What asks for it has Npgsql find the broken connection by itself, and call it an invalid operation to use it.
        await using PostgresStores stores = new(server) { ConnectionString = server.ConnectionString + ";Keepalive=1" };
        PostgresMessageStore store = await stores.OpenAsync();
        List<ITopicLog> logs = [];
        for (int i = 0; i < 8; i++)
        {
            logs.Add((await store.OpenTopicAsync($"t{i}", create: true))!);
            await logs[i].AppendAsync(PostgresStores.Batch(0, "a"), 1, 1);
        }

        IChannelProgress progress = await store.OpenChannelAsync("t0", logs[0].Generation, "c", 1);
        await server.StopAsync();
        await server.StartAsync();
        await Task.Delay(1500);

        await Task.WhenAll(logs.Select(log => log.AppendAsync(PostgresStores.Batch(1, "b"), 1, 2).AsTask())).WaitAsync(Running.NsqSocket.Patience);
        progress.Note(new ProgressEntry(ProgressKind.Floor, 1));
        await progress.FlushAsync().AsTask().WaitAsync(Running.NsqSocket.Patience);
        await Eventually.TrueAsync(() => store.Failure is null);
    }

    /// <summary>Invariant 3, for a database that nobody says is gone: publishers are told of the cause, and the store can be closed.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_append_that_cannot_reach_the_database_fails_with_the_cause_within_seconds(bool isShared)
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await using PostgresProxy proxy = new(server.ConnectionString);
        await using PostgresStores stores = new(server) { ConnectionString = proxy.ConnectionString };
        PostgresMessageStore store = isShared ? await stores.OpenSharedAsync() : await stores.OpenAsync();
        ITopicLog one = (await store.OpenTopicAsync("one", create: true))!;
        ITopicLog other = (await store.OpenTopicAsync("other", create: true))!;
        await one.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1);

        proxy.IsSilent = true;
        long began = Stopwatch.GetTimestamp();
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => one.AppendAsync(PostgresStores.Batch(1, "b"), 1, 2).AsTask());
        Assert.Equal("cannot write topic one: PostgreSQL does not answer in time", refused.Message);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, Bound);
        began = Stopwatch.GetTimestamp();
        await Assert.ThrowsAsync<StoreException>(() => other.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1).AsTask());
        await Assert.ThrowsAsync<StoreException>(() => store.OpenTopicAsync("one", create: false).AsTask());
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, Bound);
        Assert.Equal("the store is out of reach: PostgreSQL does not answer in time", store.Failure);

        proxy.IsSilent = false;
        await Eventually.TrueAsync(async () => await store.ProbeAsync() is null);
        ITopicLog again = (await store.OpenTopicAsync("one", create: false))!;
        await again.AppendAsync(PostgresStores.Batch(again.NextOffset, "c"), 1, 3);

        proxy.IsSilent = true;
        began = Stopwatch.GetTimestamp();
        await store.DisposeAsync();
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, Bound);
    }

    [Fact]
    public async Task What_the_database_refuses_of_one_channel_or_topic_fails_no_other()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await using PostgresStores stores = new(server);
        PostgresMessageStore store = await stores.OpenAsync();
        List<ITopicLog> logs = [];
        // Those of one lane.
        for (int i = 0; i < 9; i++) logs.Add((await store.OpenTopicAsync($"t{i}", create: true))!);
        ITopicLog[] lane = [logs[0], logs[4], logs[8]];
        IChannelProgress good = await store.OpenChannelAsync("t0", logs[0].Generation, "good", 1);
        IChannelProgress bad = await store.OpenChannelAsync("t0", logs[0].Generation, "bad", 1);
        await server.AskAsync($"alter table {stores.Schema}.channel_journal add constraint no_bad check (channel <> 'bad')");
        await server.AskAsync($"alter table {stores.Schema}.batches add constraint no_second check (generation <> {lane[1].Generation})");

        bad.Note(new ProgressEntry(ProgressKind.Finished, 5, 6));
        good.Note(new ProgressEntry(ProgressKind.Finished, 5, 6));
        Task refused = bad.FlushAsync().AsTask();
        await good.FlushAsync();
        await Assert.ThrowsAsync<StoreException>(() => refused);
        Task[] appends = [.. lane.Select(log => log.AppendAsync(PostgresStores.Batch(0, "a"), 1, 1).AsTask())];
        await Task.WhenAll(appends[0], appends[2]);
        await Assert.ThrowsAsync<StoreException>(() => appends[1]);

        await server.AskAsync($"alter table {stores.Schema}.channel_journal drop constraint no_bad");
        await Eventually.TrueAsync(() => store.Failure is null);
        await bad.FlushAsync();
        Assert.Equal(2, await stores.AskAsync<long>("select count(*) from $.channel_journal"));
    }

    /// <summary>Invariant 12: no offset is reused after a lossy failover that another silo sees.</summary>
    [Fact]
    public async Task A_silo_that_takes_a_topic_over_after_a_failover_that_lost_commits_uses_no_offset_again()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        await using PostgresStores stores = new(server);
        PostgresMessageStore one = await stores.OpenSharedAsync();
        PostgresMessageStore two = await stores.OpenSharedAsync();
        ITopicLog first = (await one.OpenTopicAsync("t", create: true))!;
        for (int i = 0; i < 5; i++) await first.AppendAsync(PostgresStores.Batch(i, "a"), 1, i);
        // What a standby that is promoted does not have.
        await server.AskAsync($"delete from {stores.Schema}.batches where base_offset >= 2");
        await server.AskAsync($"update {stores.Schema}.topics set end_offset = 2");

        ITopicLog second = (await two.OpenTopicAsync("t", create: false))!;
        Assert.InRange(second.NextOffset, 5, long.MaxValue);
        await second.AppendAsync(PostgresStores.Batch(second.NextOffset, "b"), 2, 1);
        Assert.Equal([(0L, "a"), (1L, "a"), (second.NextOffset, "b")], await PostgresStores.ReadAllAsync(second));
        long end = second.End;
        await second.DisposeAsync();
        Assert.Equal(end, (await one.OpenTopicAsync("t", create: false))!.NextOffset);
    }

    [Fact]
    public async Task The_silos_of_a_second_cluster_are_refused_while_those_of_the_first_have_the_schema()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        stores.StartWait = TimeSpan.Zero;
        PostgresMessageStore one = await stores.OpenSharedAsync("one");
        PostgresMessageStore also = await stores.OpenSharedAsync("one");
        StoreException refused = await Assert.ThrowsAsync<StoreException>(() => stores.OpenSharedAsync("two"));
        Assert.Equal(
            $"schema {stores.Schema} in PostgreSQL belongs to cluster one; give cluster two a schema of its own with --postgres-schema", refused.Message);
        await one.DisposeAsync();
        await also.DisposeAsync();
        stores.StartWait = Running.NsqSocket.Patience;
        await stores.OpenSharedAsync("two");
        await stores.OpenSharedAsync("two");
    }

    private static async Task<ITopicLog> ReopenAsync(PostgresMessageStore store)
    {
        for (int i = 0; i < 600; i++)
        {
            try
            {
                return (await store.OpenTopicAsync("t", create: false))!;
            }
            catch (StoreException)
            {
                await Task.Delay(50);
            }
        }

        throw new Xunit.Sdk.XunitException("The topic cannot be opened any more.");
    }
}
