using System.Net;
using System.Net.Sockets;
using System.Text;
using Broker.Gateway.Statsd;
using Broker.Silo.Settings;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Metrics;

/// <summary>What a statsd daemon is told (spec 6.4), over a real socket under virtual time.</summary>
public sealed class StatsdTests : IDisposable
{
    private readonly Socket _daemon = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public StatsdTests()
    {
        _daemon.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _daemon.ReceiveBufferSize = 1 << 20;
    }

    public void Dispose() => _daemon.Dispose();

    [Fact]
    public async Task Counters_are_told_by_their_growth_and_gauges_as_they_are()
    {
        await using HttpBroker broker = await StartAsync(settings => settings.Telemetry.Statsd.Prefix = "nsq.%s.");
        await broker.Broker.Topic("t").CreateChannelAsync("c");
        await broker.Broker.PublishAsync("t", "one", "two", "three");
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 2);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(2);
        await consumer.ReadyAsync(0);
        await consumer.RequeueAsync(messages[0], 600_000);
        await broker.Broker.UntilAsync("t", "c", stats => stats is { Deferred: 1, InFlight: 1, Depth: 1 });
        string prefix = $"nsq.127_0_0_1_{broker.Broker.HttpEndPoint.Port}.";

        Dictionary<string, string> lines = await ReportAsync(broker, consumer);
        Assert.All(lines.Keys, name => Assert.StartsWith(prefix, name));
        AssertLines(lines, prefix + "topic.t.", "message_count:3|c message_bytes:11|c depth:0|g backend_depth:0|g");
        AssertLines(
            lines,
            prefix + "topic.t.channel.c.",
            "message_count:3|c depth:1|g backend_depth:0|g in_flight_count:1|g deferred_count:1|g requeue_count:1|c timeout_count:0|c clients:1|g");
        AssertLines(lines, prefix + "mem.", "heap_objects:0|g heap_released_bytes:0|g");
        foreach (string name in (string[])["heap_idle_bytes", "heap_in_use_bytes", "gc_pause_usec_100", "gc_pause_usec_99", "gc_pause_usec_95", "next_gc_bytes"])
            Assert.EndsWith("|g", lines[$"{prefix}mem.{name}"]);
        Assert.EndsWith("|c", lines[prefix + "mem.gc_runs"]);

        await broker.Broker.PublishAsync("t", "four");
        await broker.Broker.UntilAsync("t", "c", stats => stats.MessageCount == 4);
        lines = await ReportAsync(broker, consumer);
        AssertLines(lines, prefix + "topic.t.", "message_count:1|c message_bytes:4|c");
        AssertLines(lines, prefix + "topic.t.channel.c.", "message_count:1|c depth:2|g requeue_count:0|c");
    }

    [Fact]
    public async Task Ephemeral_topics_and_channels_and_memory_can_be_left_out()
    {
        await using HttpBroker broker = await StartAsync(settings =>
        {
            settings.Telemetry.Statsd.Prefix = "p";
            settings.Telemetry.Statsd.ExcludeEphemeral = true;
            settings.Telemetry.Statsd.MemoryStats = false;
        });
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c#ephemeral");
        await broker.Broker.SubscribeAsync("e#ephemeral", "c");
        Dictionary<string, string> lines = await ReportAsync(broker, consumer);
        Assert.Equal(["p.topic.t.backend_depth", "p.topic.t.depth", "p.topic.t.message_bytes", "p.topic.t.message_count"], lines.Keys.Order());
    }

    [Fact]
    public async Task Percentiles_are_told_by_their_rounded_percent()
    {
        await using HttpBroker broker = await StartAsync(settings =>
        {
            settings.Telemetry.LatencyPercentiles = [0.999, 0.95];
            settings.Queue.KeepsLatency = true;
            settings.Telemetry.Statsd.MemoryStats = false;
        });
        await broker.Broker.PublishAsync("t", "one");
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 1);
        NsqMessage message = await consumer.ExpectMessageAsync();
        await consumer.FinishAsync(message);
        await broker.Broker.UntilAsync("t", "c", stats => stats.Finished == 1);
        Dictionary<string, string> lines = await ReportAsync(broker, consumer);
        foreach (string of in (string[])["topic.t.", "topic.t.channel.c."])
        {
            Assert.Matches(@"^\d+\|g$", lines.Single(line => line.Key.EndsWith($"{of}e2e_processing_latency_100", StringComparison.Ordinal)).Value);
            Assert.Matches(@"^\d+\|g$", lines.Single(line => line.Key.EndsWith($"{of}e2e_processing_latency_95", StringComparison.Ordinal)).Value);
        }
    }

    [Fact]
    public async Task Packets_hold_whole_lines_up_to_their_size_and_are_spread_over_the_interval()
    {
        await using HttpBroker broker = await StartAsync(settings =>
        {
            settings.Telemetry.Statsd.PacketSize = 200;
            settings.Telemetry.Statsd.Interval = TimeSpan.FromSeconds(61);
            settings.Telemetry.Statsd.ExcludeEphemeral = true;
        });
        NsqSocket alive = await broker.Broker.OpenAsync();
        for (int i = 0; i < 10; i++)
            await broker.Broker.Topic($"topic{i}").CreateChannelAsync("channel");
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(61), alive);
        List<string> all = [await ReceiveAsync()];
        Assert.Equal(0, _daemon.Available);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(60), alive);
        while (LinesOf(all).Length < (10 * 12) + 9)
            all.Add(await ReceiveAsync());
        Assert.Equal(0, _daemon.Available);

        Assert.All(all, packet => Assert.True(packet.Length <= 200 && packet.EndsWith('\n')));
        string[] lines = LinesOf(all);
        Assert.Equal((10 * 12) + 9, lines.Length);
        Assert.All(lines, line => Assert.Matches(@"^nsq\.[^:]+:\d+\|[cg]$", line));
    }

    [Theory]
    [InlineData("nsq.%s", "nsq.10_0_0_1_4151.")]
    [InlineData("nsq.%s.", "nsq.10_0_0_1_4151.")]
    [InlineData("%s.%s", "10_0_0_1_4151.10_0_0_1_4151.")]
    [InlineData("plain", "plain.")]
    [InlineData("", "")]
    public void The_host_stands_in_the_prefix(string prefix, string expected) =>
        Assert.Equal(expected, StatsdPrefix.Of(prefix, "10.0.0.1", 4151));

    private Task<HttpBroker> StartAsync(Action<BrokerSettings> configure) => HttpBroker.StartAsync(
        settings =>
        {
            settings.Telemetry.Statsd.Address = _daemon.LocalEndPoint!.ToString()!;
            settings.Telemetry.Statsd.Interval = TimeSpan.FromSeconds(1);
            settings.Telemetry.Statsd.PacketSize = 60_000;
            configure(settings);
        },
        virtualTime: true);

    // The interval is a second, so that nothing of it is spread.
    private async Task<Dictionary<string, string>> ReportAsync(HttpBroker broker, NsqSocket alive)
    {
        while (_daemon.Available > 0)
            await ReceiveAsync();
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(1), alive);
        string report = await ReceiveAsync();
        return report.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains("quiet#", StringComparison.Ordinal))
            .ToDictionary(line => line[..line.IndexOf(':', StringComparison.Ordinal)], line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..]);
    }

    private static string[] LinesOf(IEnumerable<string> packets) => string.Concat(packets).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static void AssertLines(Dictionary<string, string> lines, string prefix, string expected)
    {
        foreach (string line in expected.Split(' '))
        {
            string[] parts = line.Split(':');
            Assert.True(lines.TryGetValue(prefix + parts[0], out string? value), $"{prefix}{parts[0]} is not told");
            Assert.Equal(line, $"{parts[0]}:{value}");
        }
    }

    private async Task<string> ReceiveAsync()
    {
        byte[] buffer = new byte[65_536];
        using CancellationTokenSource patience = new(NsqSocket.Patience);
        int length = await _daemon.ReceiveAsync(buffer, patience.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
