using Broker.Bench.Load;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus.Clients;

/// <summary>A started server that a client library speaks to.</summary>
/// <param name="started">Its process.</param>
/// <param name="address">Where it listens.</param>
/// <param name="client">The library, connected to it.</param>
/// <param name="version">Its version.</param>
/// <param name="others">What it needs beside it, ended after it.</param>
internal sealed class ClientServer(StartedProgram started, ServerAddress address, IClient client, string version, params StartedProgram[] others) : IServer
{
    public string Version => version;

    public IReadOnlyList<int> Pids => [started.Pid];

    public ServerAddress Address => address;

    public ITraffic Connect(LoadPlan plan, RunControl run) => new ClientTraffic(client, plan, run);

    public async Task DeleteAsync(LoadPlan plan)
    {
        for (int topic = 0; topic < plan.Topics; topic++)
            await client.DeleteAsync(plan.TopicName(topic));
    }

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await started.DisposeAsync();
        foreach (StartedProgram other in others)
            await other.DisposeAsync();
    }
}
