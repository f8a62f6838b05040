using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace Broker.Bench.Guard;

/// <summary>Runs all micro benchmarks, as shortly as tells a change of cost from noise.</summary>
internal static class GuardRun
{
    private const int Iterations = 3;

    private static readonly TimeInterval IterationTime = TimeInterval.FromMilliseconds(20);

    /// <summary>What each costs, by name and parameters.</summary>
    /// <exception cref="LoadException">One did not run.</exception>
    public static Dictionary<string, GuardedFigure> Run()
    {
        string artifacts = Directory.CreateTempSubdirectory("broker-guard-").FullName;
        try
        {
            ManualConfig config = ManualConfig.CreateEmpty()
                .AddJob(Job.Default
                    .WithToolchain(InProcessEmitToolchain.Instance)
                    .WithWarmupCount(1)
                    .WithIterationCount(Iterations)
                    .WithIterationTime(IterationTime))
                .AddDiagnoser(MemoryDiagnoser.Default)
                .AddLogger(NullLogger.Instance)
                .AddColumnProvider(DefaultColumnProviders.Instance)
                .WithArtifactsPath(artifacts)
                .WithOptions(ConfigOptions.DisableOptimizationsValidator | ConfigOptions.JoinSummary | ConfigOptions.DisableLogFile);
            Summary summary = BenchmarkSwitcher.FromAssembly(typeof(GuardRun).Assembly).Run(["--filter", "*"], config).Single();
            return summary.Reports.ToDictionary(report => Name(report.BenchmarkCase), Figure);
        }
        finally
        {
            Directory.Delete(artifacts, recursive: true);
        }
    }

    private static string Name(BenchmarkCase benchmark)
    {
        string name = $"{benchmark.Descriptor.Type.Name}.{benchmark.Descriptor.WorkloadMethod.Name}";
        return benchmark.HasParameters ? $"{name}({benchmark.Parameters.DisplayInfo.Trim('[', ']')})" : name;
    }

    private static GuardedFigure Figure(BenchmarkReport report)
    {
        if (report.ResultStatistics is null || report.GcStats.TotalOperations == 0)
            throw new LoadException($"{Name(report.BenchmarkCase)} did not run; see micro --filter for why");
        double allocated = report.GcStats.GetTotalAllocatedBytes(excludeAllocationQuantumSideEffects: true) ?? 0;
        return new GuardedFigure(allocated / report.GcStats.TotalOperations, report.ResultStatistics.Min);
    }
}
