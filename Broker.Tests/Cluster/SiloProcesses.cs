using System.Globalization;
using System.Text.Json.Nodes;
using Broker.Tests.Http;
using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;

namespace Broker.Tests.Cluster;

/// <summary>Silos as processes of their own, on one schema of the test run's database.</summary>
internal sealed class SiloProcesses : IAsyncDisposable
{
    private SiloProcesses()
    {
    }

    /// <summary>The processes, running or not.</summary>
    public List<BrokerProcess> Silos { get; } = [];

    /// <summary>Starts so many, one after the other, with flags beside those of cluster and storage.</summary>
    public static async Task<SiloProcesses> StartAsync(int count, params string[] flags)
    {
        string schema = string.Create(CultureInfo.InvariantCulture, $"{TestStorage.NewSchema()}_cluster");
        string connection = (await PostgresServer.SharedAsync()).ConnectionString;
        SiloProcesses cluster = new();
        for (int i = 0; i < count; i++)
            cluster.Silos.Add(await BrokerProcess.StartAsync(["--storage=postgres", $"--postgres={connection}", $"--postgres-schema={schema}", .. flags]));
        return cluster;
    }

    /// <summary>Messages and bytes of each topic, as the silos that still run tell of those that they host.</summary>
    public async Task<(long Messages, long Bytes)[]> CountsAsync()
    {
        List<(long Messages, long Bytes)> counts = [];
        foreach (BrokerProcess silo in Silos.Where(static silo => silo.IsRunning))
        {
            using HttpClient client = HttpBroker.ClientOf(silo.HttpEndPoint);
            JsonNode stats = JsonNode.Parse(await client.GetStringAsync("/stats?format=json"))!;
            counts.AddRange(stats["topics"]!.AsArray().Select(static topic => ((long)topic!["message_count"]!, (long)topic["message_bytes"]!)));
        }

        return [.. counts.Order()];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (BrokerProcess silo in Silos)
            await silo.DisposeAsync();
    }
}
