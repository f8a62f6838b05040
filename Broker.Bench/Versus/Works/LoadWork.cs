using Broker.Bench.Load;
using Broker.Bench.Reports;

namespace Broker.Bench.Versus.Works;

/// <summary>A work that is one plan.</summary>
/// <param name="name">What the command line calls it.</param>
/// <param name="description">What it is, but for the size of a message.</param>
/// <param name="plan">Its plan, but for settings, server and topic.</param>
internal sealed class LoadWork(string name, string description, LoadPlan plan) : IWork
{
    public string Name => name;

    public string Describe(WorkSettings settings) => description;

    public LoadPlan Plan(WorkSettings settings) => plan with { Size = settings.Size, WarmUp = settings.WarmUp, Duration = settings.Duration };

    public async Task<LoadReport> RunAsync(IServer server, LoadPlan plan, WorkSettings settings, CancellationToken interrupt)
    {
        await using LoadRun run = new(plan, progress: null, server.Connect);
        return await run.RunAsync(interrupt);
    }
}
