using System.Diagnostics;
using Broker.Policies;
using Broker.Storage;
using Broker.Storage.Postgres;
using Broker.Tests.Gateway;
using Broker.Tests.Running;
using Broker.Tests.Storage.Files;

namespace Broker.Tests.Storage.Postgres;

/// <summary>What a start on PostgreSQL needs, and what it says when it does not get it.</summary>
public sealed class PostgresStartTests
{
    [Theory]
    [InlineData("Host=127.0.0.1;Port=1;Username=u;Password=hush;Database=d", "127.0.0.1/d: PostgreSQL cannot be reached: Connection refused")]
    [InlineData("Host=127.0.0.1,127.0.0.2;Port=1;Username=u;Password=hush;Database=d", "127.0.0.1,127.0.0.2/d: PostgreSQL cannot be reached: Connection refused")]
    public async Task A_database_that_cannot_be_reached_is_one_sentence(string connection, string problem)
    {
        RecordedLog log = new();
        StoreException e = await Assert.ThrowsAsync<StoreException>(() => PostgresMessageStore.OpenAsync(
            new PostgresOptions { ConnectionString = connection, StartWait = TimeSpan.FromSeconds(1) }, new StorageOptions(), log));
        Assert.Equal($"cannot open schema broker in PostgreSQL at {problem}", e.Message);
        Assert.Equal([$"{e.Message}; trying again for 1 s"], log.Problems);
    }

    [Fact]
    public async Task What_no_waiting_helps_is_said_at_once()
    {
        string connection = (await PostgresServer.SharedAsync()).ConnectionString;
        long began = Stopwatch.GetTimestamp();
        StoreException e = await Assert.ThrowsAsync<StoreException>(() => PostgresMessageStore.OpenAsync(
            new PostgresOptions { ConnectionString = connection.Replace("Database=postgres", "Database=nowhere", StringComparison.Ordinal), StartWait = TimeSpan.FromMinutes(5) },
            new StorageOptions(),
            new RecordedLog()));
        Assert.Equal("cannot open schema broker in PostgreSQL at 127.0.0.1/nowhere: PostgreSQL says: database \"nowhere\" does not exist", e.Message);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_server_is_reached_by_its_socket_in_the_file_system()
    {
        await using PostgresMessageStore store = await PostgresMessageStore.OpenAsync(
            new PostgresOptions { ConnectionString = (await PostgresServer.SharedAsync()).SocketConnectionString, Schema = $"{TestStorage.NewSchema()}_socket" },
            new StorageOptions(),
            new RecordedLog());
        Assert.Empty(await store.ListTopicsAsync());
    }

    [Fact]
    public async Task A_start_waits_for_a_server_that_starts_too()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await server.StopAsync();
        await using PostgresStores stores = new(server);
        Task<PostgresMessageStore> opening = stores.OpenAsync();
        await Eventually.TrueAsync(() => stores.Log.Problems.Any(problem => problem.EndsWith("trying again for 30 s", StringComparison.Ordinal)));

        await server.StartAsync();

        Assert.Empty(await (await opening).ListTopicsAsync());
    }

    [Fact]
    public async Task A_schema_of_a_newer_version_is_refused()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        await (await stores.OpenAsync()).DisposeAsync();
        await stores.AskAsync<int>("update $.store set version = 5 returning version");
        StoreException e = await Assert.ThrowsAsync<StoreException>(stores.OpenAsync);
        Assert.Equal(
            $"schema {stores.Schema} in PostgreSQL has version 5, which is newer than 4, the newest that this version reads; start the newer broker", e.Message);
    }

    [Fact]
    public async Task Many_that_start_at_once_make_the_schema_once()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        PostgresMessageStore[] all = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => stores.OpenSharedAsync()));
        ITopicLog?[] logs = await Task.WhenAll(all.Select(store => store.OpenTopicAsync("t", create: true).AsTask()));
        Assert.Single(logs.Select(log => log!.Generation).Distinct());
        Assert.Equal(Enumerable.Range(1, 6).Select(i => (long)i), logs.Select(log => log!.Epoch).Order());
    }

    [Fact]
    public async Task Whoever_may_only_use_the_tables_needs_no_more()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        await (await stores.OpenAsync()).DisposeAsync();
        string role = $"{stores.Schema}_user";
        await stores.AskAsync<bool>($"select set_config('x.y', 'z', false) = 'z'");
        await (await PostgresServer.SharedAsync()).AskAsync(
            $"create role {role} login; grant usage on schema {stores.Schema} to {role}; grant all on all tables in schema {stores.Schema} to {role}; grant all on all sequences in schema {stores.Schema} to {role}");
        stores.ConnectionString = (await PostgresServer.SharedAsync()).ConnectionString.Replace("Username=postgres", $"Username={role}", StringComparison.Ordinal);
        ITopicLog log = (await (await stores.OpenAsync()).OpenTopicAsync("t", create: true))!;
        await log.AppendAsync(PostgresStores.Batch(0, "a"), 0, 0);
    }

    [Fact]
    public async Task A_schema_belongs_to_one_broker_at_a_time()
    {
        await using PostgresStores stores = await PostgresStores.CreateAsync();
        stores.StartWait = TimeSpan.Zero;
        PostgresMessageStore first = await stores.OpenAsync();
        StoreException e = await Assert.ThrowsAsync<StoreException>(stores.OpenAsync);
        Assert.Equal(
            $"schema {stores.Schema} in PostgreSQL is in use by broker, process {Environment.ProcessId} on {Environment.MachineName}; stop that one, or give this broker a schema of its own with --postgres-schema",
            e.Message);

        stores.StartWait = TimeSpan.FromMinutes(1);
        Task<PostgresMessageStore> second = stores.OpenAsync();
        await Eventually.TrueAsync(() => stores.Log.Problems.Any(problem => problem.Contains("trying again", StringComparison.Ordinal)));
        await first.DisposeAsync();
        Assert.Empty(await (await second).ListTopicsAsync());
    }
}
