using System.Globalization;
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
        await using Cluster cluster = await Cluster.StartAsync();
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

    private sealed class Cluster : IAsyncDisposable
    {
        public List<BrokerProcess> Silos { get; } = [];

        public static async Task<Cluster> StartAsync()
        {
            string schema = string.Create(CultureInfo.InvariantCulture, $"{TestStorage.NewSchema()}_cluster");
            string connection = (await PostgresServer.SharedAsync()).ConnectionString;
            Cluster cluster = new();
            for (int i = 0; i < SeveralSilosTests.Silos; i++)
                cluster.Silos.Add(await BrokerProcess.StartAsync("--storage=postgres", $"--postgres={connection}", $"--postgres-schema={schema}"));
            return cluster;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (BrokerProcess silo in Silos) await silo.DisposeAsync();
        }
    }
}
