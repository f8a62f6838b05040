using System.Text.Json;
using Broker.Bench.Commands;
using Broker.Bench.Measuring;
using Broker.Bench.Reports;
using Broker.Bench.Versus;
using Broker.Bench.Versus.Reports;
using Broker.Tests.Running;

namespace Broker.Tests.Bench;

public sealed class VersusCommandTests
{
    [Fact]
    public async Task A_system_does_every_work_and_loses_nothing_or_is_said_to_be_absent()
    {
        string[] systems = ["broker", "nsqd"], works = ["single", "batches", "both", "backlog", "paced"];
        using DataFolder data = new();
        StringWriter output = new(), error = new();
        int code = await new BenchCommand().RunAsync(
            [
                "versus", "--systems", string.Join(',', systems), "--works", string.Join(',', works), "--program", $"broker={Solution.Executable}",
                "--rounds", "1", "--duration", "200ms", "--warm-up", "0", "--backlog", "1000", "--data", data.Path, "--json",
            ],
            output,
            error,
            CancellationToken.None);
        Assert.True(code == 0, error.ToString());
        JsonElement report = JsonDocument.Parse(output.ToString()).RootElement;
        JsonElement[] rows = [.. report.GetProperty("rows").EnumerateArray()];
        string[] absent = [.. report.GetProperty("absent").EnumerateArray().Select(line => line.GetString()!)];
        Assert.Contains(rows, row => row.GetProperty("system").GetString() == "broker");
        foreach (string system in systems)
        {
            if (absent.Any(line => line.StartsWith($"{system} was not measured: ", StringComparison.Ordinal)))
                continue;
            JsonElement[] own = [.. rows.Where(row => row.GetProperty("system").GetString() == system)];
            Assert.Equal(works, own.Select(row => row.GetProperty("work").GetString()));
            Assert.All(own, row =>
            {
                Assert.True(row.GetProperty("resident_bytes").GetDouble() > 0);
                Assert.Equal(0, row.GetProperty("missing").GetInt64());
            });
            Assert.Contains(report.GetProperty("systems").EnumerateArray(), one => one.GetProperty("name").GetString() == system && one.GetProperty("version").GetString() != "?");
        }
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    [Theory]
    [InlineData("--systems must be some of broker, ", "versus --systems kafka")]
    [InlineData("--works must be some of single, ", "versus --works sleep")]
    [InlineData("--program must be name=path with one of the names broker, ", "versus --program kafka=/bin/true")]
    public async Task A_bad_flag_gives_one_line(string complaint, string args)
    {
        StringWriter error = new();
        Assert.Equal(2, await new BenchCommand().RunAsync(args.Split(' '), TextWriter.Null, error, CancellationToken.None));
        Assert.StartsWith(complaint, error.ToString());
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_a_clear_error()
    {
        StringWriter error = new();
        int code = await new BenchCommand().RunAsync(["versus", "--systems", "nsqd", "--program", "nsqd=/nowhere"], TextWriter.Null, error, CancellationToken.None);
        Assert.Equal(1, code);
        Assert.Equal("--program nsqd=/nowhere: there is no such file\n", error.ToString());
    }

    [Fact]
    public async Task A_server_that_does_not_start_is_a_clear_error_and_leaves_nothing()
    {
        using DataFolder data = new();
        StringWriter error = new();
        int code = await new BenchCommand().RunAsync(
            ["versus", "--systems", "redis", "--program", "redis=/bin/false", "--data", data.Path], TextWriter.Null, error, CancellationToken.None);
        Assert.Equal(1, code);
        Assert.StartsWith("/bin/false has ended with 1", error.ToString());
        Assert.Empty(Directory.GetFileSystemEntries(data.Path));
    }

    [Theory]
    [InlineData("nsqd v1.3.0 (built w/go1.19.8)", "1.3.0")]
    [InlineData("Redis server v=7.0.15 sha=00000000:0", "7.0.15")]
    [InlineData("nats-server: v2.9.10", "2.9.10")]
    [InlineData("who knows", "?")]
    public void A_version_is_found_in_what_programs_write(string text, string version) => Assert.Equal(version, StartedProgram.FindVersion(text));

    [Fact]
    public void A_row_is_the_median_of_its_turns_and_adds_up_what_is_missing()
    {
        VersusRow row = VersusRow.Of("both", "x", [Turn(100, 3, 10), Turn(300, 0, 30), Turn(200, 1, 20)]);
        Assert.Equal((3, 200.0, 20.0, 4L), (row.Turns, row.MessagesPerSecond, row.P99Us, row.Missing));
        StringWriter text = new();
        VersusText.Write(text, new VersusReport([new MeasuredSystem("x", "1.0", "nothing", "MPUB")], ["y was not measured"], [], 200, 5, false, [row]));
        Assert.Contains("| both | x | 200 (4 MISSING) | 10 us | 20 us |", text.ToString());
        Assert.Contains("| x | 1.0 | nothing | MPUB |", text.ToString());
        Assert.Contains("y was not measured", text.ToString());
    }

    private static LoadReport Turn(double rate, long missing, double p99) => new()
    {
        Work = Broker.Bench.Load.Work.Both,
        Server = "s",
        Topic = "t",
        Topics = 1,
        Channels = 1,
        Producers = 1,
        Consumers = 1,
        Size = 200,
        Batch = 1,
        Pipeline = 1,
        Rdy = 1,
        Rate = 0,
        Seconds = 1,
        Received = new FlowReport(10, rate, 1, new LatencySummary(10, 10, 10, 10, p99, p99, p99)),
        EndToEndMessagesPerSecond = rate,
        Missing = missing,
        Generator = new ProcessReport(1, 1, 1, 1),
    };
}
