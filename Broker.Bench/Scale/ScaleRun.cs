using System.Globalization;
using Broker.Bench.Load;
using Broker.Bench.Reports;
using Broker.Bench.Versus;
using Broker.Bench.Versus.Reports;

namespace Broker.Bench.Scale;

/// <summary>Measures one work at each step of what grows. Each turn has a server of its own, so that no step pays for another.</summary>
internal sealed class ScaleRun(ScalePlan plan, TextWriter progress)
{
    /// <summary>Carries it out. Cancelling ends it early, with the turns so far.</summary>
    /// <exception cref="LoadException">The server does not start, refuses or goes away.</exception>
    public async Task<ScaleReport> RunAsync(CancellationToken interrupt)
    {
        Dictionary<long, List<LoadReport>> turns = plan.Steps.ToDictionary(step => step, _ => new List<LoadReport>());
        string version = "?";
        for (int round = 1; round <= plan.Rounds; round++)
        {
            foreach (long step in plan.Steps)
            {
                if (interrupt.IsCancellationRequested)
                    break;
                (LoadReport report, version) = await RunAsync(step, interrupt);
                if (report.Interrupted)
                    break;
                turns[step].Add(report);
                VersusRow row = Row(step, [report]);
                progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round}, {step:N0} {plan.Dimension.Label}: {row.MessagesPerSecond:N0} msg/s, p99 {row.P99Us:N0} us, CPU {row.CpuUsPerMessage:N2} us, {row.ResidentBytes / 1e6:N0} MB"));
            }
        }
        WorkSettings settings = plan.Dimension.SettingsAt(plan.Settings, plan.Steps[^1]);
        return new ScaleReport(
            plan.Dimension.Name,
            plan.Dimension.Label,
            plan.Dimension.WorkAt(plan.Steps[^1]).Describe(settings),
            plan.System(plan.Steps[0]).Name,
            version,
            plan.Rounds,
            [.. from step in plan.Steps where turns[step].Count > 0 select new ScalePoint(step, Row(step, turns[step]))]);
    }

    private async Task<(LoadReport Report, string Version)> RunAsync(long step, CancellationToken interrupt)
    {
        IWork work = plan.Dimension.WorkAt(step);
        WorkSettings settings = plan.Dimension.SettingsAt(plan.Settings, step);
        await using RunningSystem running = await RunningSystem.StartAsync(plan.System(step), plan.Program, plan.DataFolder);
        LoadPlan load = work.Plan(settings) with { Server = running.Server.Address, ServerPids = running.Server.Pids };
        try
        {
            return (await work.RunAsync(running.Server, load, settings, interrupt), running.Server.Version);
        }
        catch (LoadException exception)
        {
            throw new LoadException($"{step.ToString("N0", CultureInfo.InvariantCulture)} {plan.Dimension.Label}: {exception.Message}", exception);
        }
    }

    private VersusRow Row(long step, IReadOnlyList<LoadReport> turns) => VersusRow.Of(plan.Dimension.WorkAt(step).Name, plan.System(step).Name, turns);
}
