using System.CommandLine;
using System.Text.Json;
using Broker.Bench.Versus;
using Broker.Bench.Versus.Reports;
using Broker.Bench.Versus.Systems;
using Broker.Bench.Versus.Works;

namespace Broker.Bench.Commands;

/// <summary>The same works on several systems, which it starts itself.</summary>
internal sealed class VersusCommand : Command
{
    private readonly NamesOption<ISystem> _systems = new("--systems", "what to measure", SystemCatalogue.All, system => system.Name);
    private readonly NamesOption<IWork> _works = new("--works", "what to do", WorkCatalogue.All, work => work.Name);
    private readonly NumberOption<int> _rounds = new("--rounds", "how often each system has its turn at each work", 5, 1);
    private readonly NumberOption<int> _size = new("--size", "bytes of a message's body", 200, 1);
    private readonly DurationOption _duration = new("--duration", "how long each turn is measured [default: 5s]");
    private readonly DurationOption _warmUp = new("--warm-up", "how long each turn works before it is measured [default: 2s]");
    private readonly NumberOption<long> _backlog = new("--backlog", "messages that wait before a backlog is consumed", 1_000_000, 1);
    private readonly DurationOption _fillTime = new("--fill-time", "how long a backlog is filled at most [default: 20s]");
    private readonly Option<bool> _fresh = new("--fresh") { Description = "start each server anew for each turn, to measure what has just been started" };
    private readonly ProgramsOption _programs = new(SystemCatalogue.All.Select(system => system.Program.Name).Distinct());
    private readonly Option<string?> _data = new("--data") { Description = "folder to keep the servers' data in while they run [default: the system's temporary one]" };
    private readonly Option<bool> _json = new("--json") { Description = "print the figures as JSON" };

    public VersusCommand()
        : base("versus", "Start several brokers, make them do the same works in turns, and print one table of medians. What is not installed is left out.")
    {
        foreach (Option option in new Option[] { _systems, _works, _rounds, _size, _duration, _warmUp, _backlog, _fillTime, _fresh, _programs, _data, _json })
            Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        WorkSettings settings = new(
            flags.GetValue(_size),
            flags.GetValue(_warmUp) ?? TimeSpan.FromSeconds(2),
            flags.GetValue(_duration) ?? TimeSpan.FromSeconds(5),
            flags.GetValue(_backlog),
            flags.GetValue(_fillTime) ?? TimeSpan.FromSeconds(20));
        ContestPlan plan = new(
            _systems.In(flags),
            _works.In(flags),
            settings,
            flags.GetValue(_rounds),
            flags.GetValue(_fresh),
            flags.GetValue(_programs)!,
            flags.GetValue(_data));
        await using Contest contest = new(plan, flags.InvocationConfiguration.Error);
        VersusReport report = await contest.RunAsync(interrupt);
        TextWriter output = flags.InvocationConfiguration.Output;
        if (flags.GetValue(_json))
            output.WriteLine(JsonSerializer.Serialize(report, VersusJson.Default.VersusReport));
        else
            VersusText.Write(output, report);
        if (interrupt.IsCancellationRequested)
            return ExitCode.Interrupted;
        return report.Rows.Any(row => row.Missing > 0) ? ExitCode.Failed : ExitCode.Success;
    }
}
