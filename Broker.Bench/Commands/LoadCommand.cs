using System.CommandLine;
using System.Text.Json;
using Broker.Bench.Load;
using Broker.Bench.Reports;

namespace Broker.Bench.Commands;

/// <summary>One kind of work on one server.</summary>
internal sealed class LoadCommand : Command
{
    private readonly Work _work;
    private readonly LoadOptions _load = new();
    private readonly AddressOption _server = new("--tcp-address", "host:port of the server") { Required = true };
    private readonly NumberOption<int> _serverPid = new("--server-pid", "process of the server, to report its processor time and memory", 0, 0);
    private readonly Option<bool> _json = new("--json") { Description = "print the figures as JSON" };

    public LoadCommand(string name, string description, Work work)
        : base(name, description)
    {
        _work = work;
        Options.Add(_server);
        _load.AddTo(this, work);
        Options.Add(_serverPid);
        Options.Add(_json);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult flags, CancellationToken interrupt)
    {
        LoadPlan plan = _load.Bind(flags, _work, flags.GetValue(_server)!, flags.GetValue(_serverPid));
        await using LoadRun run = new(plan, flags.InvocationConfiguration.Error);
        LoadReport report = await run.RunAsync(interrupt);
        TextWriter output = flags.InvocationConfiguration.Output;
        if (flags.GetValue(_json))
            output.WriteLine(JsonSerializer.Serialize(report, ReportJson.Default.LoadReport));
        else
            ReportText.Write(output, report);
        return report.Interrupted ? ExitCode.Interrupted : ExitCode.Success;
    }
}
