using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Broker.Bench.Commands;
using Broker.Tests.Http;
using Eventually = Broker.Tests.Gateway.Eventually;

namespace Broker.Tests.Bench;

public sealed class BenchCommandTests
{
    private const string NoServer = "127.0.0.1:1";

    [Theory]
    [InlineData("1", "1", "1")]
    [InlineData("3", "10", "4")]
    [InlineData("2", "7", "1")]
    public async Task Publish_sends_the_messages_it_was_asked_for_and_times_the_answers(string connections, string batch, string pipeline)
    {
        using ToyServer server = new();
        JsonElement report = await RunJsonAsync(
            "publish", "--tcp-address", server.Address, "--connections", connections, "--batch", batch, "--pipeline", pipeline,
            "--messages", "210", "--size", "50", "--channels", "2");
        Assert.Equal(210, report.GetProperty("published").GetProperty("messages").GetInt64());
        JsonElement latency = report.GetProperty("published").GetProperty("latency");
        Assert.Equal(210 / int.Parse(batch, CultureInfo.InvariantCulture), latency.GetProperty("count").GetInt64());
        Assert.True(latency.GetProperty("p50_us").GetDouble() <= latency.GetProperty("max_us").GetDouble());
        Assert.Equal(new Dictionary<string, int> { ["bench/bench-0"] = 210, ["bench/bench-1"] = 210 }, server.Depths);
    }

    [Fact]
    public async Task Publish_reaches_all_topics_and_rounds_up_to_whole_batches()
    {
        using ToyServer server = new();
        JsonElement report = await RunJsonAsync(
            "publish", "--tcp-address", server.Address, "--producers", "1", "--topics", "11", "--topic", "t#ephemeral", "--batch", "3",
            "--messages", "100");
        Assert.Equal(102, report.GetProperty("published").GetProperty("messages").GetInt64());
        Assert.Equal(Enumerable.Range(0, 11).Select(index => $"t-{index:D2}#ephemeral"), server.Published.Order());
    }

    [Fact]
    public async Task Publish_on_schedule_says_how_late_it_was()
    {
        using ToyServer server = new();
        JsonElement report = await RunJsonAsync(
            "publish", "--tcp-address", server.Address, "--rate", "2000", "--messages", "100", "--connections", "3");
        Assert.Equal(100, report.GetProperty("send_delay").GetProperty("count").GetInt64());
        Assert.Equal(100, report.GetProperty("published").GetProperty("latency").GetProperty("count").GetInt64());
    }

    [Theory]
    [InlineData("--messages", "300")]
    [InlineData("--idle", "1s")]
    public async Task Consume_drains_a_backlog_and_finishes_every_message(string flag, string value)
    {
        using ToyServer server = new();
        await RunJsonAsync("publish", "--tcp-address", server.Address, "--messages", "300", "--batch", "10");
        JsonElement report = await RunJsonAsync(
            "consume", "--tcp-address", server.Address, "--connections", "2", "--rdy", "7", "--output-buffer-size", "-1", flag, value);
        Assert.Equal(300, report.GetProperty("received").GetProperty("messages").GetInt64());
        Assert.Equal(0, report.GetProperty("failed_fins").GetInt64());
        // What was published before the run is counted but not timed.
        Assert.False(report.GetProperty("received").TryGetProperty("latency", out _));
        Assert.Equal(0, server.Depths["bench/bench"]);
    }

    [Fact]
    public async Task Consume_leaves_what_it_was_not_asked_for()
    {
        using ToyServer server = new();
        await RunJsonAsync("publish", "--tcp-address", server.Address, "--messages", "300", "--batch", "10");
        JsonElement report = await RunJsonAsync("consume", "--tcp-address", server.Address, "--rdy", "20", "--messages", "120");
        Assert.Equal(120, report.GetProperty("received").GetProperty("messages").GetInt64());
        Assert.Equal(180, server.Depths["bench/bench"]);
    }

    [Theory]
    [InlineData("1", "16")]
    [InlineData("20", "200")]
    public async Task Both_times_messages_from_end_to_end_and_misses_none(string batch, string size)
    {
        using ToyServer server = new();
        JsonElement report = await RunJsonAsync(
            "both", "--tcp-address", server.Address, "--producers", "2", "--consumers", "2", "--channels", "3", "--rdy", "10",
            "--batch", batch, "--size", size, "--messages", "400");
        Assert.Equal(400, report.GetProperty("published").GetProperty("messages").GetInt64());
        Assert.Equal(0, report.GetProperty("missing").GetInt64());
        Assert.True(report.GetProperty("end_to_end_messages_per_second").GetDouble() > 0);
        Assert.Equal(1200, report.GetProperty("received").GetProperty("latency").GetProperty("count").GetInt64());
        Assert.All(server.Depths, depth => Assert.Equal(0, depth.Value));
    }

    [Fact]
    public async Task Poison_is_requeued_and_the_rest_is_not_missed()
    {
        await using HttpBroker http = await HttpBroker.StartAsync();
        await http.PostAsync("/topic/create?topic=bench");
        await http.PostAsync("/channel/create?topic=bench&channel=bench");
        Assert.Equal(200, (await http.PutAsync("/channel/policy?topic=bench&channel=bench", """{"max_attempts":3,"dead_letter":"keep"}""")).Status);
        JsonElement report = await RunJsonAsync("both", "--tcp-address", $"{http.Broker.TcpEndPoint}", "--messages", "400", "--poison", "10");
        Assert.Equal(0, report.GetProperty("missing").GetInt64());
        Assert.True(report.GetProperty("redelivered").GetInt64() > 0);
        // What was not given up yet when the consumer left waits for another one.
        await Eventually.TrueAsync(async () =>
        {
            JsonNode channel = await http.ChannelAsync("bench", "bench");
            int poison = (int)channel["dead_count"]! + (int)channel["depth"]!;
            return (int)channel["in_flight_count"]! == 0 && poison is > 0 and < 100 && (int)channel["requeue_count"]! >= poison;
        });
    }

    [Fact]
    public async Task A_trickling_server_with_heartbeats_in_between_is_understood()
    {
        List<string> heard = [];
        using ToyServer server = new()
        {
            Trickle = true,
            Heard = line =>
            {
                lock (heard)
                    heard.Add(line);
            },
        };
        JsonElement report = await RunJsonAsync("both", "--tcp-address", server.Address, "--messages", "30", "--pipeline", "3");
        Assert.Equal(0, report.GetProperty("missing").GetInt64());
        lock (heard)
            Assert.Contains("NOP", heard);
    }

    [Fact]
    public async Task A_warm_up_is_not_measured()
    {
        using ToyServer server = new();
        JsonElement report = await RunJsonAsync(
            "publish", "--tcp-address", server.Address, "--warm-up", "100ms", "--messages", "50", "--size", "1");
        // What was under way when the measuring began is answered while it lasts, so it may be a little more.
        Assert.InRange(report.GetProperty("published").GetProperty("messages").GetInt64(), 50, server.Depths["bench/bench"] - 1);
    }

    [Theory]
    [InlineData("publish", "published msg/s")]
    [InlineData("consume", "received msg/s")]
    [InlineData("both", "end to end p50 us")]
    public async Task Compare_gives_both_servers_the_same_work(string work, string figure)
    {
        using ToyServer a = new();
        using ToyServer b = new();
        JsonElement comparison = await RunJsonAsync(
            "compare", "--a", a.Address, "--b", b.Address, "--work", work, "--rounds", "2", "--messages", "200", "--topic", "c");
        Assert.Equal(2, comparison.GetProperty("a").GetArrayLength());
        Assert.Equal(2, comparison.GetProperty("b").GetArrayLength());
        Assert.Contains(comparison.GetProperty("ratios").EnumerateArray(), ratio =>
            ratio.GetProperty("name").GetString() == figure
            && Math.Abs(ratio.GetProperty("ratio").GetDouble() * ratio.GetProperty("a").GetDouble() - ratio.GetProperty("b").GetDouble()) < 0.01);
        Assert.Equal(2, a.Published.Count);
        Assert.Equal(a.Published, b.Published);
    }

    [Fact]
    public async Task The_floor_server_can_be_measured_and_ends_on_demand()
    {
        using CancellationTokenSource interrupt = new();
        FirstLine output = new();
        Task<int> floor = new BenchCommand().RunAsync(
            ["floor", "--tcp-address", "127.0.0.1:0", "--backlog", "5000"], output, TextWriter.Null, interrupt.Token);
        string address = (await output.Line).Split(' ', ',')[2];

        JsonElement published = await RunJsonAsync("publish", "--tcp-address", address, "--connections", "2", "--batch", "200", "--messages", "4000");
        Assert.Equal(4000, published.GetProperty("published").GetProperty("messages").GetInt64());
        JsonElement singles = await RunJsonAsync("publish", "--tcp-address", address, "--pipeline", "50", "--messages", "2000", "--size", "3000");
        Assert.Equal(2000, singles.GetProperty("published").GetProperty("messages").GetInt64());
        JsonElement received = await RunJsonAsync("consume", "--tcp-address", address, "--connections", "2", "--messages", "5000");
        Assert.Equal(5000, received.GetProperty("received").GetProperty("messages").GetInt64());

        interrupt.Cancel();
        Assert.Equal(0, await floor);
    }

    [Fact]
    public async Task An_interrupted_run_gives_the_figures_so_far()
    {
        using CancellationTokenSource interrupt = new();
        using ToyServer server = new()
        {
            Heard = line =>
            {
                if (line.StartsWith("PUB", StringComparison.Ordinal))
                    interrupt.Cancel();
            },
        };
        StringWriter output = new();
        int code = await new BenchCommand().RunAsync(
            ["publish", "--tcp-address", server.Address, "--warm-up", "0", "--duration", "1h"], output, TextWriter.Null, interrupt.Token);
        Assert.Equal(130, code);
        Assert.Contains("interrupted", output.ToString());
        Assert.Contains("published", output.ToString());
    }

    [Fact]
    public async Task Figures_for_people_name_the_work_and_the_processes()
    {
        using ToyServer server = new();
        StringWriter output = new();
        int code = await new BenchCommand().RunAsync(
            ["both", "--tcp-address", server.Address, "--messages", "100", "--server-pid", $"{Environment.ProcessId}"],
            output, TextWriter.Null, CancellationToken.None);
        Assert.Equal(0, code);
        foreach (string word in new[] { "PUB x 200 B", "RDY 2500", "PUB answered", "end to end", "until drained", "server", "generator", "RSS" })
            Assert.Contains(word, output.ToString());
    }

    [Theory]
    [InlineData("--tcp-address", "publish")]
    [InlineData("--tcp-address must be host:port, not 'nonsense'", "publish --tcp-address nonsense")]
    [InlineData("--tcp-address must be host:port, not '::1:4150'", "publish --tcp-address ::1:4150")]
    [InlineData("--size must be a whole number of at least 1, not '0'", "publish --tcp-address h:1 --size 0")]
    [InlineData("--rate must be a number of at least 0, not 'fast'", "publish --tcp-address h:1 --rate fast")]
    [InlineData("--duration must be a time like 500ms, 10s or 2m, not '-1s'", "publish --tcp-address h:1 --duration -1s")]
    [InlineData("'--oops' is not a command or flag", "publish --tcp-address h:1 --oops")]
    [InlineData("'nope' is not a command or flag", "nope")]
    [InlineData("--work must be publish, consume or both, not 'x'", "compare --a h:1 --b h:1 --work x")]
    public async Task A_bad_flag_gives_one_line(string complaint, string args)
    {
        (int code, string error) = await FailAsync(args.Split(' '));
        Assert.Equal(2, code);
        Assert.Contains(complaint, error);
        Assert.Equal(1, error.Count(character => character == '\n'));
    }

    [Theory]
    [InlineData("--channels must be at least 1", "--channels", "0")]
    [InlineData("--server-pid 2000000000: no such process", "--server-pid", "2000000000")]
    public async Task What_cannot_work_is_said_before_it_is_tried(string complaint, string flag, string value)
    {
        (int code, string error) = await FailAsync("both", "--tcp-address", NoServer, flag, value);
        Assert.Equal(1, code);
        Assert.Contains(complaint, error);
    }

    [Fact]
    public async Task A_refused_connection_is_a_clear_error()
    {
        (int code, string error) = await FailAsync("publish", "--tcp-address", NoServer);
        Assert.Equal(1, code);
        Assert.Equal($"cannot connect to {NoServer}: Connection refused\n", error);
    }

    [Theory]
    [InlineData("PUB")]
    [InlineData("RDY")]
    [InlineData("SUB")]
    [InlineData("IDENTIFY")]
    public async Task A_lost_connection_is_a_clear_error(string command)
    {
        using ToyServer server = new() { HangUp = line => line.StartsWith(command, StringComparison.Ordinal) };
        (int code, string error) = await FailAsync("both", "--tcp-address", server.Address);
        Assert.Equal(1, code);
        Assert.Matches($"{server.Address} (closed the connection|was lost)", error);
    }

    [Theory]
    [InlineData("PUB", "E_BAD_TOPIC PUB topic name \"bench\" is not valid")]
    [InlineData("SUB", "E_BAD_CHANNEL SUB channel name \"bench\" is not valid")]
    [InlineData("RDY", "E_INVALID RDY count 2500 out of range 0-2000")]
    public async Task What_the_server_refuses_is_passed_on(string command, string answer)
    {
        using ToyServer server = new() { Refuse = line => line.StartsWith(command, StringComparison.Ordinal) ? answer : null };
        (int code, string error) = await FailAsync("both", "--tcp-address", server.Address);
        Assert.Equal(1, code);
        Assert.Equal($"{server.Address} answered {answer}\n", error);
    }

    private static async Task<JsonElement> RunJsonAsync(params string[] args)
    {
        StringWriter output = new(), error = new();
        int code = await new BenchCommand().RunAsync([.. args, "--json"], output, error, CancellationToken.None);
        Assert.True(code == 0, error.ToString());
        return JsonDocument.Parse(output.ToString()).RootElement;
    }

    private static async Task<(int Code, string Error)> FailAsync(params string[] args)
    {
        StringWriter output = new(), error = new();
        int code = await new BenchCommand().RunAsync(args, output, error, CancellationToken.None);
        Assert.Equal("", output.ToString());
        return (code, error.ToString());
    }

    private sealed class FirstLine : StringWriter
    {
        private readonly TaskCompletionSource<string> _line = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<string> Line => _line.Task;

        public override void WriteLine(string? value) => _line.TrySetResult(value ?? "");
    }
}
