using System.CommandLine;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace Broker.Bench.Commands;

/// <summary>Runs the micro-benchmarks of this assembly.</summary>
internal sealed class MicroCommand : Command
{
    private readonly Option<string> _filter = new("--filter")
    {
        Description = "which: a pattern over namespace, class and method, such as *FrameReader*",
        DefaultValueFactory = _ => "*",
    };

    private readonly Option<bool> _list = new("--list") { Description = "only print which there are" };
    private readonly Option<bool> _dry = new("--dry") { Description = "run each once, to see that it works" };

    public MicroCommand()
        : base("micro", "Benchmark the parts in isolation, with what they allocate.")
    {
        Options.Add(_filter);
        Options.Add(_list);
        Options.Add(_dry);
        SetAction(Run);
    }

    private int Run(ParseResult flags)
    {
        // In this process: a build of its own for each benchmark would take minutes and find the solution's settings odd.
        Job job = (flags.GetValue(_dry) ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
        ManualConfig config = ManualConfig.Create(DefaultConfig.Instance)
            .AddJob(job)
            .WithOptions(ConfigOptions.DisableOptimizationsValidator);
        string[] args = flags.GetValue(_list) ? ["--list", "flat"] : ["--filter", flags.GetValue(_filter)!];
        bool ran = BenchmarkSwitcher.FromAssembly(typeof(MicroCommand).Assembly).Run(args, config).Any();
        return ran || flags.GetValue(_list) ? ExitCode.Success : ExitCode.Failed;
    }
}
