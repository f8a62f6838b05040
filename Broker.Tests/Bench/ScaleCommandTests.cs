using System.Xml.Linq;
using Broker.Bench.Commands;
using Broker.Tests.Running;

namespace Broker.Tests.Bench;

public sealed class ScaleCommandTests
{
    [Fact]
    public async Task Each_step_is_a_row_of_the_table_and_a_label_of_the_chart()
    {
        using DataFolder data = new();
        string chart = Path.Combine(data.Path, "charts", "channels.svg");
        StringWriter output = new(), error = new();
        int code = await new BenchCommand().RunAsync(
            [
                "scale", "channels", "--steps", "1,3", "--rounds", "1", "--duration", "200ms", "--warm-up", "0", "--chart", chart,
                "--program", $"broker={Solution.Executable}",
            ],
            output,
            error,
            CancellationToken.None);
        Assert.True(code == 0, error.ToString());
        string[] lines = output.ToString().Split('\n');
        Assert.StartsWith("| channels of a topic | msg/s |", lines[0]);
        Assert.StartsWith("| 1 | ", lines[2]);
        Assert.StartsWith("| 3 | ", lines[3]);
        Assert.DoesNotContain("MISSING", output.ToString());
        string[] texts = [.. XDocument.Load(chart).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        foreach (string text in new[] { "1", "3", "channels of a topic", "messages a second", "p99 ms", "resident MB" })
            Assert.Contains(text, texts);
    }

    [Theory]
    [InlineData("what grows must be one of size, ", "scale time")]
    [InlineData("--steps must be growing whole numbers separated by commas, not '3,2'", "scale size --steps 3,2")]
    [InlineData("--steps must be growing whole numbers separated by commas, not 'x'", "scale size --steps x")]
    public async Task A_bad_flag_gives_one_line(string complaint, string args)
    {
        StringWriter error = new();
        Assert.Equal(2, await new BenchCommand().RunAsync(args.Split(' '), TextWriter.Null, error, CancellationToken.None));
        Assert.StartsWith(complaint, error.ToString());
    }

    [Theory]
    [InlineData("size")]
    [InlineData("consumers")]
    public async Task Without_steps_it_takes_those_of_what_grows(string what)
    {
        StringWriter output = new();
        string[] args = ["scale", what, "--chart", "", "--program", $"broker={Solution.Executable}"];
        // Interrupted before the first step, it has a table without a row.
        Assert.Equal(ExitCode.Interrupted, await new BenchCommand().RunAsync(args, output, TextWriter.Null, new CancellationToken(canceled: true)));
        Assert.Contains("msg/s", output.ToString());
    }

    [Fact]
    public async Task Silos_need_a_database()
    {
        StringWriter error = new();
        Assert.Equal(1, await new BenchCommand().RunAsync(["scale", "silos"], TextWriter.Null, error, CancellationToken.None));
        Assert.Equal("silos share a database: say which with --postgres\n", error.ToString());
    }
}
