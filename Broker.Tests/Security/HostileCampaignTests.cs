using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Broker.Tests.Running;
using Xunit.Abstractions;

namespace Broker.Tests.Security;

/// <summary>
/// A whole broker under hostile clients, with a healthy one beside them. BROKER_FUZZ_COMMANDS says how many commands in all, BROKER_FUZZ_RATE
/// how many a second (0 for as many as go), BROKER_FUZZ_SEED makes them others. The latencies of the healthy client are printed, not judged:
/// that takes a quiet machine.
/// </summary>
public sealed class HostileCampaignTests(ITestOutputHelper output)
{
    private const long UsualCommands = 100_000;
    private const long MaxGrowth = 64 << 20;
    private const long MaxHeapGrowth = 8 << 20;

    [Fact]
    public async Task The_broker_stands_it_serves_others_and_keeps_no_memory_of_it()
    {
        long commands = Knob.Read<long>("BROKER_FUZZ_COMMANDS") ?? UsualCommands;
        int seed = (int)(Knob.Read<long>("BROKER_FUZZ_SEED") ?? 20261122);
        int rate = (int)(Knob.Read<long>("BROKER_FUZZ_RATE") ?? 0);
        // Small windows, so that what topics rightly keep in memory does not hide what is kept for nothing.
        await using BrokerProcess broker = await BrokerProcess.StartAsync("--http-address=127.0.0.1:0", "--mem-queue-size=10");
        using HttpClient http = new() { BaseAddress = new Uri($"http://{broker.HttpEndPoint}") };
        await using HealthyPublisher healthy = new(await NsqSocket.OpenAsync(broker.TcpEndPoint));
        output.WriteLine($"seed {seed}, undisturbed: {await healthy.MeasureAsync(TimeSpan.FromSeconds(rate > 0 ? 20 : 1))}");

        // The first half takes the memory that any work takes; the second must not take more.
        HostileCampaign first = new(broker.TcpEndPoint, seed, rate);
        Task attack = first.RunAsync(commands / 2);
        output.WriteLine($"under attack, first half: {await healthy.MeasureAsync(attack)}");
        await attack;
        await DeleteTopicsAsync(http);
        long heapBefore = await LiveBytes.MeasureAsync(http);
        long before = broker.ResidentBytes;
        HostileCampaign second = new(broker.TcpEndPoint, seed + 1, rate);
        attack = second.RunAsync(commands / 2);
        output.WriteLine($"under attack, second half: {await healthy.MeasureAsync(attack)}");
        await attack;
        await DeleteTopicsAsync(http);
        long heapAfter = await LiveBytes.MeasureAsync(http);
        long after = broker.ResidentBytes;
        output.WriteLine(
            $"{first.Commands + second.Commands} commands, {first.Connections + second.Connections} connections, "
            + $"resident {before >> 20} MB after the first half, {after >> 20} MB after the second, "
            + $"live objects {heapBefore >> 10} KB and {heapAfter >> 10} KB");

        Assert.InRange(after - before, long.MinValue, MaxGrowth);
        Assert.InRange(heapAfter - heapBefore, long.MinValue, MaxHeapGrowth);
        JsonNode stats = JsonNode.Parse(await http.GetStringAsync("/stats?format=json"))!;
        Assert.Equal("OK", (string?)stats["health"]);
        Assert.Empty(stats["topics"]!.AsArray());
        Assert.DoesNotContain("Unhandled", broker.Output);
    }

    private static async Task DeleteTopicsAsync(HttpClient http)
    {
        JsonNode stats = JsonNode.Parse(await http.GetStringAsync("/stats?format=json&include_clients=false"))!;
        foreach (JsonNode? topic in stats["topics"]!.AsArray())
        {
            string name = Uri.EscapeDataString((string)topic!["topic_name"]!);
            using HttpResponseMessage response = await http.PostAsync($"/topic/delete?topic={name}", null);
            Assert.True(response.IsSuccessStatusCode, $"topic {name} cannot be deleted: {response.StatusCode}");
        }
    }

    /// <summary>Publishes a message every few milliseconds, each of which must be acknowledged.</summary>
    private sealed class HealthyPublisher(NsqSocket socket) : IAsyncDisposable
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

        public Task<string> MeasureAsync(TimeSpan duration) => MeasureAsync(Task.Delay(duration));

        public async Task<string> MeasureAsync(Task until)
        {
            List<double> latencies = [];
            do
            {
                long started = Stopwatch.GetTimestamp();
                await socket.PublishAsync("healthy#ephemeral", "x");
                latencies.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                await Task.Delay(Pause);
            }
            while (!until.IsCompleted);
            latencies.Sort();
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{latencies.Count} publishes, p50 {At(0.5):F2} ms, p99 {At(0.99):F2} ms, max {latencies[^1]:F2} ms");

            double At(double share) => latencies[(int)(share * (latencies.Count - 1))];
        }

        public ValueTask DisposeAsync() => socket.DisposeAsync();
    }
}
