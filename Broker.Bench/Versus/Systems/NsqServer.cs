using Broker.Bench.Load;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus.Systems;

/// <summary>A started server that speaks NSQ's protocol.</summary>
internal sealed class NsqServer(StartedProgram started, ServerAddress address, int httpPort, string version) : IServer
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}") };

    public string Version => version;

    public IReadOnlyList<int> Pids => [started.Pid];

    public ServerAddress Address => address;

    public ITraffic Connect(LoadPlan plan, RunControl run) => new NsqTraffic(plan, run);

    public async Task DeleteAsync(LoadPlan plan)
    {
        for (int topic = 0; topic < plan.Topics; topic++)
        {
            // A topic that nothing was published to may not be there.
            using HttpResponseMessage answer = await _http.PostAsync($"/topic/delete?topic={plan.TopicName(topic)}", content: null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await started.DisposeAsync();
    }
}
