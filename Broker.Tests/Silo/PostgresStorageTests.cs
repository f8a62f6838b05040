using Broker.Silo.Hosting;
using Broker.Silo.Settings;
using Broker.Tests.Gateway;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;
using NsqSocket = Broker.Tests.Running.NsqSocket;

namespace Broker.Tests.Silo;

/// <summary>A broker that keeps messages in PostgreSQL, seen from outside.</summary>
public sealed class PostgresStorageTests
{
    [Fact]
    public async Task A_database_that_cannot_be_reached_ends_the_start_with_one_sentence_without_the_password()
    {
        BrokerSettings settings = new() { StorageKind = StorageKind.Postgres };
        settings.Postgres.ConnectionString = "Host=127.0.0.1;Port=1;Username=u;Password=hush;Database=d";
        settings.Postgres.StartWait = TimeSpan.Zero;
        StartException e = await Assert.ThrowsAsync<StartException>(() => BrokerHost.CreateAsync(settings));
        Assert.Equal("cannot open schema broker in PostgreSQL at 127.0.0.1/d: PostgreSQL cannot be reached: Connection refused", e.Message);
    }

    [Fact]
    public async Task While_the_database_is_away_publishing_fails_with_the_cause_and_ping_says_so_and_then_all_goes_on()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using HttpBroker http = await HttpBroker.StartAsync(settings =>
        {
            settings.StorageKind = StorageKind.Postgres;
            settings.Postgres.ConnectionString = server.ConnectionString;
        });
        RunningBroker broker = http.Broker;
        NsqSocket consumer = await broker.SubscribeAsync("t", "c", ready: 10);
        NsqSocket producer = await broker.OpenAsync();
        await producer.PublishAsync("t", "before");
        NsqMessage before = await consumer.ExpectMessageAsync("before");

        await server.StopAsync();
        await producer.SendAsync(NsqCommand.Pub("t", "lost"));
        await producer.ExpectErrorAsync("E_PUB_FAILED PUB failed cannot write topic t: PostgreSQL cannot be reached: Connection refused");
        await Eventually.TrueAsync(async () => (await http.GetAsync("/ping")).Body.StartsWith("NOK - ", StringComparison.Ordinal));
        // What is out can be finished: that is noted when the database is back.
        await consumer.FinishAsync(before);

        await server.StartAsync();
        await Eventually.TrueAsync(async () => (await http.GetAsync("/ping")).Body == "OK");
        NsqSocket again = await broker.OpenAsync();
        await again.PublishAsync("t", "after");
        await consumer.FinishAsync(await consumer.ExpectMessageAsync("after"));
        await consumer.SyncAsync();
        await broker.RestartAsync();
        NsqSocket next = await broker.SubscribeAsync("t", "c", ready: 10);
        await next.ExpectNothingAsync();
        await broker.UntilAsync("t", "c", stats => stats is { Depth: 0, InFlight: 0 });
    }

    [Fact]
    public async Task Preparing_the_database_says_what_it_did()
    {
        BrokerSettings settings = new();
        settings.Postgres.ConnectionString = (await PostgresServer.SharedAsync()).ConnectionString;
        settings.Postgres.Schema = $"{TestStorage.NewSchema()}_prepared";
        string schema = $"schema {settings.Postgres.Schema} in PostgreSQL at 127.0.0.1/postgres is";
        Assert.Equal($"{schema} ready: its tables were created (version 4)", await BrokerHost.PrepareDatabaseAsync(settings, CancellationToken.None));
        Assert.Equal($"{schema} up to date (version 4)", await BrokerHost.PrepareDatabaseAsync(settings, CancellationToken.None));
    }
}
