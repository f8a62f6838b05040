using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Broker.Bench.Load;
using Broker.Bench.Reports;
using Broker.Bench.Sockets;

namespace Broker.Bench.Commands;

/// <summary>The same work on two servers in turns, so that whatever else the machine does falls on both.</summary>
internal sealed class CompareCommand : Command
{
    private const int FillBatch = 200;
    private const int FillPipeline = 4;

    private readonly LoadOptions _load = new();
    private readonly AddressOption _a = new("--a", "host:port of the first server") { Required = true };
    private readonly AddressOption _b = new("--b", "host:port of the second server") { Required = true };
    private readonly NumberOption<int> _aPid = new("--a-pid", "process of the first server", 0, 0);
    private readonly NumberOption<int> _bPid = new("--b-pid", "process of the second server", 0, 0);
    private readonly WorkOption _work = new();
    private readonly NumberOption<int> _rounds = new("--rounds", "how often each server has its turn", 3, 1);
    private readonly Option<bool> _json = new("--json") { Description = "print the figures as JSON" };

    public CompareCommand()
        : base("compare", "Do the same work on two servers in turns, and print the ratios. Each turn has a topic of its own.")
    {
        foreach (Option option in new Option[] { _a, _b, _aPid, _bPid, _work, _rounds })
            Options.Add(option);
        _load.AddTo(this);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        TextWriter output = flags.InvocationConfiguration.Output;
        TextWriter error = flags.InvocationConfiguration.Error;
        Work work = flags.GetValue(_work);
        LoadPlan a = _load.Bind(flags, work, flags.GetValue(_a)!, flags.GetValue(_aPid));
        LoadPlan b = _load.Bind(flags, work, flags.GetValue(_b)!, flags.GetValue(_bPid));
        if (work == Work.Consume && a.Messages == 0)
            throw new LoadException("comparing consume needs --messages: the length of the backlog that each turn is given");
        // Topics of earlier comparisons may still be there.
        string mark = DateTime.UtcNow.ToString("HHmmss", CultureInfo.InvariantCulture);
        List<LoadReport> reportsOfA = [], reportsOfB = [];
        for (int round = 1; round <= flags.GetValue(_rounds) && !interrupt.IsCancellationRequested; round++)
        {
            foreach ((string name, LoadPlan plan, List<LoadReport> reports) in new[] { ("A", a, reportsOfA), ("B", b, reportsOfB) })
            {
                LoadPlan turn = plan with { Topic = $"{plan.Topic}-{mark}-{round}" };
                error.WriteLine($"round {round}, {name}");
                LoadReport report = await RunAsync(turn, error, interrupt);
                if (report.Interrupted)
                    break;
                reports.Add(report);
                ReportText.Write(error, report);
            }
        }
        ComparisonReport comparison = ComparisonReport.Of(reportsOfA, reportsOfB);
        if (flags.GetValue(_json))
            output.WriteLine(JsonSerializer.Serialize(comparison, ReportJson.Default.ComparisonReport));
        else
            ComparisonText.Write(output, comparison);
        return interrupt.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.Success;
    }

    private static async Task<LoadReport> RunAsync(LoadPlan plan, TextWriter error, CancellationToken interrupt)
    {
        if (plan.Work == Work.Consume)
        {
            LoadPlan filling = plan with
            {
                Work = Work.Publish,
                Batch = FillBatch,
                Pipeline = FillPipeline,
                Rate = 0,
                Messages = plan.Messages,
                Duration = Timeout.InfiniteTimeSpan,
                WarmUp = TimeSpan.Zero,
            };
            await using LoadRun fill = new(filling, null);
            await fill.RunAsync(interrupt);
        }
        await using LoadRun run = new(plan, error);
        return await run.RunAsync(interrupt);
    }
}
