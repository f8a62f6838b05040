using System.CommandLine;
using Broker.Bench.Guard;

namespace Broker.Bench.Commands;

/// <summary>Compares the micro benchmarks with what they cost before.</summary>
internal sealed class GuardCommand : Command
{
    private readonly Option<string> _baseline = new("--baseline")
    {
        Description = "file with what they cost before",
        DefaultValueFactory = _ => "Broker.Bench/Guard/baseline.json",
    };

    private readonly Option<bool> _write = new("--write") { Description = "write the file anew rather than compare with it" };

    public GuardCommand()
        : base("guard", "Run all micro benchmarks shortly and compare them with a baseline. Fails if one allocates more; times are only told.")
    {
        Options.Add(_baseline);
        Options.Add(_write);
        SetAction(Run);
    }

    private int Run(ParseResult flags)
    {
        string path = flags.GetValue(_baseline)!;
        if (!flags.GetValue(_write) && !File.Exists(path))
            throw new LoadException($"there is no baseline {path}: name another with --baseline, or write it with --write");
        Dictionary<string, GuardedFigure> run = GuardRun.Run();
        TextWriter output = flags.InvocationConfiguration.Output;
        if (flags.GetValue(_write))
        {
            GuardBaseline.Write(path, run);
            output.WriteLine($"wrote {path}: {run.Count} benchmarks");
            return ExitCode.Success;
        }
        GuardReport report = GuardReport.Compare(GuardBaseline.Read(path), run);
        GuardText.Write(output, report);
        return report.IsBroken ? ExitCode.Failed : ExitCode.Success;
    }
}
