using System.Globalization;
using Broker.Tests.Gateway;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;

namespace Broker.Tests.Cluster;

/// <summary>Silos that were killed when nobody was left to notice.</summary>
public sealed class DeadSilosTests
{
    [Fact]
    public async Task A_silo_that_comes_back_elsewhere_strikes_those_that_were_killed_from_the_list()
    {
        string schema = string.Create(CultureInfo.InvariantCulture, $"{TestStorage.NewSchema()}_dead");
        PostgresServer database = await PostgresServer.SharedAsync();
        string[] flags = ["--storage=postgres", $"--postgres={database.ConnectionString}", $"--postgres-schema={schema}", "--table-refresh=500ms"];
        await using BrokerProcess killed = await BrokerProcess.StartAsync(flags);
        await killed.KillAsync();
        Assert.Equal(1L, await database.AskAsync($"select count(*) from {schema}.cluster_silos where status = 3"));
        await Eventually.TrueAsync(async () => await database.AskAsync($"select alive < now() - interval '2 seconds' from {schema}.cluster_silos") is true);

        await using BrokerProcess back = await BrokerProcess.StartAsync(flags);

        Assert.Contains("cannot be reached; it is removed from the list", back.Output);
        Assert.Equal(1L, await database.AskAsync($"select count(*) from {schema}.cluster_silos where status = 6"));
        Assert.Equal(1L, await database.AskAsync($"select count(*) from {schema}.cluster_silos where status = 3"));
    }
}
