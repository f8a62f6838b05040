using Broker.Bench.Guard;
using Broker.Tests.Running;

namespace Broker.Tests.Bench;

public sealed class GuardReportTests
{
    private static readonly Dictionary<string, GuardedFigure> Baseline = new()
    {
        ["a"] = new(0, 10),
        ["b"] = new(100, 20),
        ["c"] = new(1, 30),
    };

    [Fact]
    public void A_machine_that_is_slower_in_all_is_no_decay()
    {
        GuardReport report = GuardReport.Compare(Baseline, Baseline.ToDictionary(one => one.Key, one => one.Value with { Nanoseconds = one.Value.Nanoseconds * 3 }));
        Assert.Equal(3, report.Speed);
        Assert.False(report.IsBroken);
        Assert.DoesNotContain(report.Verdicts, verdict => verdict.TakesLonger);
    }

    [Fact]
    public void One_that_takes_longer_than_the_others_is_told_but_breaks_nothing()
    {
        GuardReport report = GuardReport.Compare(Baseline, new Dictionary<string, GuardedFigure>(Baseline) { ["b"] = new(100, 50) });
        Assert.Equal(["b"], report.Verdicts.Where(verdict => verdict.TakesLonger).Select(verdict => verdict.Name));
        Assert.False(report.IsBroken);
    }

    [Theory]
    [InlineData("a", 2, false)]
    [InlineData("a", 2.5, true)]
    [InlineData("b", 126, false)]
    [InlineData("b", 130, true)]
    public void More_bytes_than_the_margin_break_it(string name, double bytes, bool broken)
    {
        GuardReport report = GuardReport.Compare(Baseline, new Dictionary<string, GuardedFigure>(Baseline) { [name] = Baseline[name] with { AllocatedBytes = bytes } });
        Assert.Equal(broken, report.IsBroken);
        StringWriter text = new();
        GuardText.Write(text, report);
        Assert.Equal(broken, text.ToString().Contains("ALLOCATES MORE"));
    }

    [Fact]
    public void What_is_new_or_gone_is_told()
    {
        GuardReport report = GuardReport.Compare(Baseline, new Dictionary<string, GuardedFigure> { ["a"] = Baseline["a"], ["d"] = new(9, 9) });
        StringWriter text = new();
        GuardText.Write(text, report);
        Assert.Equal(["GONE", "GONE", "new"], text.ToString().Split('\n').Select(line => line.Split("  ")[^1]).Where(mark => mark is "GONE" or "new"));
        Assert.False(report.IsBroken);
    }

    [Fact]
    public void The_baseline_of_the_repository_can_be_read_and_written()
    {
        SortedDictionary<string, GuardedFigure> baseline = GuardBaseline.Read(Solution.PathOf("Broker.Bench/Guard/baseline.json"));
        Assert.Contains("MessageBatchBenchmarks.Create", baseline.Keys);
        using DataFolder folder = new();
        string copy = Path.Combine(folder.Path, "baseline.json");
        GuardBaseline.Write(copy, baseline);
        Assert.Equal(baseline, GuardBaseline.Read(copy));
    }
}
