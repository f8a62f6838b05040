using Broker.Bench.Load;
using Broker.Bench.Reports;

namespace Broker.Bench.Versus.Works;

/// <summary>Another work, on topics in which a backlog waits that nobody consumes.</summary>
/// <param name="work">The other work.</param>
/// <param name="batch">Messages of a publish that fills the backlog.</param>
internal sealed class BesideBacklogWork(IWork work, int batch) : IWork
{
    public string Name => work.Name;

    public string Describe(WorkSettings settings) => work.Describe(settings);

    public LoadPlan Plan(WorkSettings settings) => work.Plan(settings);

    public async Task<LoadReport> RunAsync(IServer server, LoadPlan plan, WorkSettings settings, CancellationToken interrupt)
    {
        await BacklogWork.FillAsync(server, plan, settings, batch, interrupt);
        return await work.RunAsync(server, plan, settings, interrupt);
    }
}
