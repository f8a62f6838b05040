using Broker.Tests.Running;
using Broker.Tests.Storage.Postgres;
using Xunit.Abstractions;

namespace Broker.Tests.Streaming;

/// <summary>Brokers that are a cluster on PostgreSQL, of which the nodes are killed one after the other while events flow.</summary>
/// <remarks>BROKER_STREAM_EVENTS sets how many events are counted.</remarks>
public sealed class BrokerClusterTests(ITestOutputHelper output)
{
    private const int Nodes = 3;

    [Fact]
    public async Task Nothing_is_lost_when_each_node_is_killed_in_its_turn()
    {
        string[] flags =
        [
            "--storage=postgres", $"--postgres={(await PostgresServer.SharedAsync()).ConnectionString}", $"--postgres-schema={TestStorage.NewSchema()}_streams",
        ];
        // Ports that stay, so that a node that comes back is where it was.
        int[] ports = [.. Enumerable.Range(0, Nodes).Select(static _ => SiloPorts.Find())];
        List<BrokerProcess> nodes = [];
        try
        {
            foreach (int port in ports) nodes.Add(await BrokerProcess.StartSiloAsync(host: null, [$"--tcp-address=127.0.0.1:{port}", .. flags]));
            await using StreamCluster cluster = await StreamCluster.StartAsync(withBroker: false, options: options =>
            {
                options.Addresses = [.. ports.Select(static port => $"127.0.0.1:{port}")];
                options.PublishTimeout = TimeSpan.FromSeconds(60);
            });
            StreamCount count = new(cluster, "cluster", StreamCluster.Events);
            Task producing = count.ProduceAsync();
            for (int i = 0; i < Nodes; i++)
            {
                await count.SomeCameAsync((i + 0.5) / Nodes / 2);
                await nodes[i].KillAsync();
                await count.SomeCameAsync((i + 1.0) / Nodes / 2);
                await nodes[i].StartAsync();
            }
            await producing;
            output.WriteLine(await count.NoneIsMissingAsync());
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidOperationException($"{e.Message}\n{string.Join("\n\n", nodes.Select(static node => node.Output))}", e);
        }
        finally
        {
            foreach (BrokerProcess node in nodes) await node.DisposeAsync();
        }
    }
}
