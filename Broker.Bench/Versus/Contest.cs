using System.Globalization;
using Broker.Bench.Load;
using Broker.Bench.Measuring;
using Broker.Bench.Reports;
using Broker.Bench.Versus.Reports;

namespace Broker.Bench.Versus;

/// <summary>Makes several systems do the same works in turns, so that whatever else the machine does falls on all of them.</summary>
internal sealed class Contest : IAsyncDisposable
{
    private readonly ContestPlan _plan;
    private readonly TextWriter _progress;
    private readonly Dictionary<ISystem, RunningSystem> _running = [];
    private readonly Dictionary<(string Work, string System), List<LoadReport>> _turns = [];
    private readonly Dictionary<ISystem, string> _versions = [];
    private readonly List<string> _absent = [];

    public Contest(ContestPlan plan, TextWriter progress) => (_plan, _progress) = (plan, progress);

    /// <summary>Carries all out. Cancelling ends it early, with the turns so far.</summary>
    /// <exception cref="LoadException">No system is installed, or one fails.</exception>
    public async Task<VersusReport> RunAsync(CancellationToken interrupt)
    {
        List<(ISystem System, string Program)> systems = Installed();
        if (systems.Count == 0)
            throw new LoadException("none of the programs is installed; name one with --program name=path");
        if (!_plan.Fresh)
        {
            foreach ((ISystem system, string program) in systems)
                await StartAsync(system, program);
        }
        int turn = 0;
        for (int round = 1; round <= _plan.Rounds; round++)
        {
            foreach (IWork work in _plan.Works)
            {
                foreach ((ISystem system, string program) in systems)
                {
                    if (interrupt.IsCancellationRequested)
                        return Report();
                    if (_plan.Fresh)
                        await StartAsync(system, program);
                    await RunTurnAsync(work, system, round, ++turn, interrupt);
                    if (_plan.Fresh)
                        await EndAsync(system);
                }
            }
        }
        return Report();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ISystem system in _running.Keys.ToArray())
            await EndAsync(system);
    }

    private List<(ISystem System, string Program)> Installed()
    {
        List<(ISystem, string)> found = [];
        foreach (ISystem system in _plan.Systems)
        {
            if (system.Program.Find(_plan.Programs) is string path)
                found.Add((system, path));
            else
                _absent.Add($"{system.Name} was not measured: {system.Program.Name} is not installed ({system.Program.Package}), or say --program {system.Program.Name}=path.");
        }
        foreach (string line in _absent)
            _progress.WriteLine(line);
        return found;
    }

    private async Task StartAsync(ISystem system, string program)
    {
        RunningSystem running = await RunningSystem.StartAsync(system, program, _plan.DataFolder);
        _running.Add(system, running);
        if (_versions.TryAdd(system, running.Server.Version))
            _progress.WriteLine($"{system.Name} {running.Server.Version}: {program}, process {running.Server.Pids[0]}, {running.Server.Address}");
    }

    private async Task EndAsync(ISystem system)
    {
        if (_running.Remove(system, out RunningSystem? running))
            await running.DisposeAsync();
    }

    private async Task RunTurnAsync(IWork work, ISystem system, int round, int turn, CancellationToken interrupt)
    {
        IServer server = _running[system].Server;
        LoadPlan plan = work.Plan(_plan.Settings) with { Server = server.Address, ServerPids = server.Pids, Topic = $"bench-{turn}" };
        await Quiet.AwaitAsync([.. _running.Values.Select(running => running.Process)], interrupt);
        LoadReport report = await RunAsync(work, system, server, plan, interrupt);
        await server.DeleteAsync(plan);
        if (report.Interrupted)
            return;
        if (!_turns.TryGetValue((work.Name, system.Name), out List<LoadReport>? turns))
            _turns.Add((work.Name, system.Name), turns = []);
        turns.Add(report);
        VersusRow row = VersusRow.Of(work.Name, system.Name, [report]);
        _progress.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"round {round}, {work.Name}, {system.Name}: {row.MessagesPerSecond:N0} msg/s, p50 {row.P50Us:N0} us, p99 {row.P99Us:N0} us, CPU {row.CpuUsPerMessage:N2} us, {row.ResidentBytes / 1e6:N0} MB"));
    }

    private async Task<LoadReport> RunAsync(IWork work, ISystem system, IServer server, LoadPlan plan, CancellationToken interrupt)
    {
        try
        {
            return await work.RunAsync(server, plan, _plan.Settings, interrupt);
        }
        catch (LoadException exception)
        {
            throw new LoadException($"{work.Name} on {system.Name}: {exception.Message}", exception);
        }
    }

    private VersusReport Report() => new(
        [.. _versions.Select(system => new MeasuredSystem(system.Key.Name, system.Value, system.Key.AtTheOk, system.Key.Batch))],
        _absent,
        [.. _plan.Works.Select(work => new DescribedWork(work.Name, work.Describe(_plan.Settings)))],
        _plan.Settings.Size,
        _plan.Settings.Duration.TotalSeconds,
        _plan.Fresh,
        [
            .. from work in _plan.Works
               from system in _plan.Systems
               where _turns.ContainsKey((work.Name, system.Name))
               select VersusRow.Of(work.Name, system.Name, _turns[(work.Name, system.Name)]),
        ]);
}
