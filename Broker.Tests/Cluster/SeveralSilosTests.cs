using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;

namespace Broker.Tests.Cluster;

/// <summary>Several silos as processes of their own, on one database.</summary>
public sealed class SeveralSilosTests
{
    private const int Silos = 3;
    // Enough that every silo has some.
    private const int Topics = 12;

    [Fact]
    public async Task A_silo_that_is_told_to_stop_hands_its_topics_over()
    {
        await using SiloProcesses cluster = await SiloProcesses.StartAsync(Silos);
        await using NsqSocket producer = await NsqSocket.OpenAsync(cluster.Silos[1].TcpEndPoint);
        for (int i = 0; i < Topics; i++) await producer.PublishAsync($"t{i}", "waiting");

        Assert.Equal(0, await cluster.Silos[0].TerminateAsync());

        for (int i = 0; i < Topics; i++)
        {
            await using NsqSocket consumer = await NsqSocket.OpenAsync(cluster.Silos[2].TcpEndPoint);
            await consumer.SubscribeAsync($"t{i}", "c", ready: 1);
            await consumer.ExpectMessageAsync("waiting");
        }
    }

    [Fact]
    public async Task A_topics_messages_are_counted_since_it_was_made_wherever_it_is()
    {
        await using SiloProcesses cluster = await SiloProcesses.StartAsync(Silos, "--http-address=127.0.0.1:0");
        await using NsqSocket producer = await NsqSocket.OpenAsync(cluster.Silos[2].TcpEndPoint);
        for (int i = 0; i < Topics; i++)
        {
            for (int j = 0; j <= i; j++)
                await producer.PublishAsync($"t{i}", "four");
        }
        Assert.Equal(Counts(1), await cluster.CountsAsync());

        Assert.Equal(0, await cluster.Silos[0].TerminateAsync());
        Assert.Equal(0, await cluster.Silos[1].TerminateAsync());

        for (int i = 0; i < Topics; i++)
            await producer.PublishAsync($"t{i}", "four");
        Assert.Equal(Counts(2), await cluster.CountsAsync());

        static IEnumerable<(long Messages, long Bytes)> Counts(int ofTheFirst) =>
            Enumerable.Range(ofTheFirst, Topics).Select(static i => ((long)i, 4L * i));
    }

    /// <summary>Orleans alone would go on for two minutes to tell the others by the database that this silo goes.</summary>
    [Fact]
    public async Task A_silo_that_is_told_to_stop_ends_in_time_when_the_database_is_gone()
    {
        await using PostgresServer server = await PostgresServer.CreateAsync();
        await using BrokerProcess silo = await BrokerProcess.StartAsync("--storage=postgres", $"--postgres={server.ConnectionString}", "--shutdown-timeout=2s");
        await using NsqSocket consumer = await NsqSocket.OpenAsync(silo.TcpEndPoint);
        await consumer.SubscribeAsync("t", "c", ready: 1);
        await using NsqSocket producer = await NsqSocket.OpenAsync(silo.TcpEndPoint);
        await producer.PublishAsync("t", "in flight", "waiting");
        await consumer.ExpectMessageAsync("in flight");
        await server.StopAsync();

        Assert.Equal(0, await silo.TerminateAsync());

        Assert.Contains("WARNING: stopping took 2 s (--shutdown-timeout) and is cut short", silo.Output, StringComparison.Ordinal);
        await server.StartAsync();
        await silo.StartAsync();
        await using NsqSocket again = await NsqSocket.OpenAsync(silo.TcpEndPoint);
        await again.SubscribeAsync("t", "c", ready: 2);
        Assert.Equal(["in flight", "waiting"], (await again.ExpectMessagesAsync(2)).Select(message => message.Text).Order(StringComparer.Ordinal));
    }
}
