using Broker.Bench.Load;
using Broker.Bench.Sockets;
using Npgsql;

namespace Broker.Bench.Versus.Systems;

/// <summary>Started silos of one cluster. Connections are spread over them.</summary>
internal sealed class ClusterServer(
    IReadOnlyList<StartedProgram> silos, IReadOnlyList<ServerAddress> addresses, string database, string schema, string version) : IServer
{
    public string Version => version;

    public IReadOnlyList<int> Pids => [.. silos.Select(silo => silo.Pid)];

    public ServerAddress Address => addresses[0];

    public ITraffic Connect(LoadPlan plan, RunControl run) => new NsqTraffic(plan, run, addresses);

    // Its schema goes as a whole.
    public Task DeleteAsync(LoadPlan plan) => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (StartedProgram silo in silos)
            await silo.DisposeAsync();
        await using NpgsqlConnection connection = new(database);
        await connection.OpenAsync();
        await using NpgsqlCommand drop = new($"drop schema if exists {schema} cascade", connection);
        await drop.ExecuteNonQueryAsync();
    }
}
