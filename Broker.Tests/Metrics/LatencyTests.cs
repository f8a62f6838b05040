using System.Text.Json.Nodes;
using Broker.Channels;
using Broker.Grains.Channels;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Metrics;

/// <summary>Percentiles of the time from publish to FIN (spec 2.8).</summary>
public sealed class LatencyTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void A_bucket_is_within_its_error_of_all_that_is_in_it()
    {
        Random random = new(1);
        for (int i = 0; i < 100_000; i++)
        {
            long duration = (long)Math.Exp(random.NextDouble() * Math.Log(long.MaxValue / 2));
            double value = LatencyBucket.ValueOf(LatencyBucket.IndexOf(duration));
            Assert.True(Math.Abs(value - duration) <= Math.Max(0.5, duration * 0.008), $"{duration} became {value}");
        }

        Assert.Equal(0, LatencyBucket.IndexOf(-5));
        Assert.True(LatencyBucket.IndexOf(long.MaxValue) < (LatencyBucket.Octaves + 1) * LatencyBucket.PerOctave);
    }

    [Fact]
    public void Quantiles_are_those_of_the_durations_in_both_halves_of_the_window()
    {
        LatencyWindow window = new(10 * Second, 0);
        for (int i = 1; i <= 500; i++)
            window.Add(i * 1_000_000L, 1);
        for (int i = 501; i <= 1000; i++)
            window.Add(i * 1_000_000L, 11 * Second);
        LatencyCounts counts = window.Read(12 * Second);
        Assert.Equal(1000, counts.Count);
        foreach (double quantile in (double[])[0.001, 0.5, 0.95, 0.99, 1])
            Assert.InRange(counts.QuantileOf(quantile), quantile * 1e9 * 0.992, quantile * 1e9 * 1.008);

        // Half a window later the first half is forgotten, and another half later all of it.
        Assert.Equal(500, window.Read(21 * Second).Count);
        Assert.Equal(0, window.Read(31 * Second).Count);
        Assert.Equal(0, window.Read(31 * Second).QuantileOf(0.5));
        LatencyCounts sum = LatencyCounts.Sum([counts, counts, LatencyCounts.None]);
        Assert.Equal((2000, counts.QuantileOf(0.5)), (sum.Count, sum.QuantileOf(0.5)));
    }

    [Fact]
    public void A_long_pause_forgets_both_halves()
    {
        LatencyWindow window = new(10 * Second, 0);
        window.Add(1, 1);
        Assert.Equal(1, window.Read(10 * Second).Count);
        window.Add(1, 1000 * Second);
        Assert.Equal(1, window.Read(1000 * Second).Count);
    }

    [Fact]
    public async Task Stats_tell_them_by_channel_and_by_topic()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(
            settings =>
            {
                settings.Telemetry.LatencyPercentiles = [1, 0.5];
                settings.Queue.KeepsLatency = true;
            },
            virtualTime: true);
        await broker.Broker.Topic("t").CreateChannelAsync("d");
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c", ready: 2);
        JsonNode before = await broker.StatsAsync("topic=t");
        const string none = """{"count":0,"percentiles":[{"quantile":1,"value":0},{"quantile":0.5,"value":0}]}""";
        Assert.Equal(none, before["topics"]![0]!["e2e_processing_latency"]!.ToJsonString());
        Assert.Equal(none, before["topics"]![0]!["channels"]![0]!["e2e_processing_latency"]!.ToJsonString());

        await broker.Broker.PublishAsync("t", "one", "two");
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(2);
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(2), consumer);
        await consumer.FinishAsync(messages[0]);
        await consumer.SyncAsync();
        await broker.Broker.PassAsync(TimeSpan.FromSeconds(6), consumer);
        await consumer.FinishAsync(messages[1]);
        await broker.Broker.UntilAsync("t", "c", stats => stats.Finished == 2);

        JsonNode topic = (await broker.StatsAsync("topic=t"))["topics"]![0]!;
        foreach (JsonNode latency in (JsonNode[])[topic["e2e_processing_latency"]!, topic["channels"]![0]!["e2e_processing_latency"]!])
        {
            Assert.Equal(2, (int)latency["count"]!);
            Assert.Equal([1, 0.5], latency["percentiles"]!.AsArray().Select(percentile => (double)percentile!["quantile"]!));
            Assert.InRange((double)latency["percentiles"]![0]!["value"]!, 7.93e9, 8.07e9);
            Assert.InRange((double)latency["percentiles"]![1]!["value"]!, 1.98e9, 2.02e9);
        }

        string text = (await broker.GetAsync("/stats?topic=t&include_clients=false")).Body;
        Assert.Equal(2, text.Split('\n').Count(line => line.EndsWith("msgs: 2        e2e%: 8.0s, 2.0s", StringComparison.Ordinal)));
        Assert.Contains("[d                        ] depth: 2     be-depth: 0     inflt: 0    def: 0    re-q: 0     timeout: 0     msgs: 2        e2e%: 0.0ns, 0.0ns", text);
    }
}
