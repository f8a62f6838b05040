using System.Net.Http.Headers;
using Broker.Channels;
using Broker.Tests.Http;
using Broker.Tests.Running;

namespace Broker.Tests.Metrics;

/// <summary><c>/metrics</c>, by the rules of the two formats it is served in.</summary>
public sealed class MetricsTests
{
    private const string OpenMetrics = "application/openmetrics-text;version=1.0.0";

    [Theory]
    [InlineData(null, false)]
    [InlineData("*/*", false)]
    [InlineData("text/plain", false)]
    [InlineData(OpenMetrics, true)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", true)]
    [InlineData("application/openmetrics-text;q=0.2,text/plain;q=0.3", false)]
    [InlineData("application/openmetrics-text;q=0", false)]
    public async Task The_accept_header_chooses_the_format(string? accept, bool isOpenMetrics)
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        (string text, string type) = await ScrapeAsync(broker, accept);
        Assert.Equal(
            isOpenMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8", type);
        ParsedMetrics.Parse(text, isOpenMetrics);
    }

    [Fact]
    public async Task Under_load_every_answer_parses_and_sums_only_grow()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync();
        using CancellationTokenSource stop = new();
        NsqSocket consumer = await broker.Broker.SubscribeAsync("load", "c", ready: 100);
        Task consuming = ConsumeAsync(consumer, 6_000);
        Task producing = ProduceAsync(broker, stop.Token);
        ParsedMetrics before = await ParseAsync(broker, isOpenMetrics: true);
        for (int i = 0; i < 10; i++)
        {
            ParsedMetrics now = await ParseAsync(broker, isOpenMetrics: i % 2 == 1);
            if (i % 2 == 1)
            {
                now.AssertGrownSince(before);
                before = now;
            }
        }

        await consuming;
        await stop.CancelAsync();
        await producing;
        await consumer.ReadyAsync(0);
        await broker.Broker.UntilAsync("load", "c", stats => stats.MessageCount == stats.Finished + stats.Depth + stats.InFlight);
        ParsedMetrics last = await ParseAsync(broker, isOpenMetrics: false);
        AssertBalanced(last, ("topic", "load"), ("channel", "c"));
        Assert.True(last.Sum("broker_channel_finished_messages_total", ("topic", "load")) >= 6_000);
        Assert.True(last.Value("broker_channel_e2e_duration_seconds_count", ("topic", "load"), ("channel", "c")) >= 6_000);
        Assert.True(last.Value("broker_gateway_publish_duration_seconds_count") > 0);
        Assert.True(last.Value("broker_log_append_duration_seconds_count") > 0);
        Assert.True(last.Value("broker_gateway_received_size_bytes_total") > 6_000);
        Assert.True(last.Value("broker_gateway_sent_size_bytes_total") > 6_000);
    }

    [Fact]
    public async Task What_the_books_say_is_what_the_grains_say()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Queue.MemQueueSize = 10);
        NsqSocket consumer = await broker.Broker.SubscribeAsync("t", "c#ephemeral", ready: 3);
        await broker.Broker.SubscribeAsync("t", "d");
        await broker.Broker.PublishAsync("t", [.. Enumerable.Range(0, 40).Select(i => $"{i}")]);
        NsqMessage[] messages = await consumer.ExpectMessagesAsync(3);
        await consumer.ReadyAsync(0);
        await consumer.FinishAsync(messages[0]);
        await consumer.RequeueAsync(messages[1], 600_000);
        await consumer.SendLineAsync("FIN 0123456789abcdef");
        await broker.Broker.UntilAsync("t", "c#ephemeral", stats => stats is { Finished: 1, Requeued: 1 });
        await broker.Broker.UntilAsync("t", "d", stats => stats.MessageCount == 40);
        ChannelStats stats = (await broker.Broker.StatsAsync("t", "c#ephemeral"))!;
        ParsedMetrics metrics = await ParseAsync(broker, isOpenMetrics: false);
        (string, string)[] labels = [("topic", "t"), ("channel", "c#ephemeral")];
        Assert.Equal(stats.MessageCount, metrics.Value("broker_channel_published_messages_total", labels));
        Assert.Equal(stats.Delivered, metrics.Value("broker_channel_delivered_messages_total", labels));
        Assert.Equal(1, metrics.Value("broker_channel_finished_messages_total", labels));
        Assert.Equal(1, metrics.Value("broker_channel_requeued_messages_total", labels));
        Assert.Equal(1, metrics.Value("broker_channel_deferrals_total", labels));
        Assert.Equal(1, metrics.Value("broker_channel_deferred", labels));
        Assert.Equal(1, metrics.Value("broker_channel_inflight", labels));
        Assert.Equal(1, metrics.Value("broker_channel_consumers", labels));
        Assert.Equal(stats.Discarded, metrics.Value("broker_channel_discarded_messages_total", [.. labels, ("cause", "dropped")]));
        Assert.Equal(40, metrics.Value("broker_topic_published_messages_total", ("topic", "t")));
        Assert.Equal(1, metrics.Value("broker_gateway_errors_total", ("code", "E_FIN_FAILED")));
        Assert.Equal(0, metrics.Value("broker_gateway_errors_total", ("code", "E_INVALID")));
        Assert.Equal(1, metrics.Value("orleans_grains", ("grain_type", "topic")));
        AssertBalanced(metrics, labels);
        AssertBalanced(metrics, ("topic", "t"), ("channel", "d"));
    }

    [Fact]
    public async Task Beyond_the_label_limit_figures_are_summed_up_and_never_shrink()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Telemetry.LabelLimit = 3);
        for (int i = 0; i < 5; i++)
        {
            await broker.Broker.PublishAsync($"t{i}", "a", "b");
            await broker.Broker.Topic($"t{i}").CreateChannelAsync("c");
            await broker.Broker.UntilAsync($"t{i}", "c", stats => stats.Depth == 2);
        }

        // t0 and its channel and t1 have labels; the channel of t1 and the other three have none.
        ParsedMetrics before = await ParseAsync(broker, isOpenMetrics: true);
        Assert.Equal(7, before.Value("broker_metrics_unlabelled"));
        Assert.Equal(10, before.Sum("broker_topic_published_messages_total"));
        Assert.Equal(6, before.Value("broker_topic_published_messages_total", ("topic", "(other)")));
        Assert.Equal(8, before.Value("broker_channel_depth", ("topic", "(other)"), ("channel", "(other)")));
        AssertBalanced(before, ("topic", "(other)"));

        await broker.Broker.Topic("t4").DeleteAsync();
        ParsedMetrics after = await ParseAsync(broker, isOpenMetrics: true);
        after.AssertGrownSince(before);
        Assert.Equal(5, after.Value("broker_metrics_unlabelled"));
        Assert.Equal(6, after.Value("broker_channel_depth", ("topic", "(other)"), ("channel", "(other)")));
    }

    [Fact]
    public async Task Switched_off_there_are_none()
    {
        await using HttpBroker broker = await HttpBroker.StartAsync(settings => settings.Telemetry.Metrics = false);
        (await broker.GetAsync("/metrics")).IsError(404, "NOT_FOUND");
    }

    internal static async Task<ParsedMetrics> ParseAsync(HttpBroker broker, bool isOpenMetrics)
    {
        (string text, _) = await ScrapeAsync(broker, isOpenMetrics ? OpenMetrics : null);
        return ParsedMetrics.Parse(text, isOpenMetrics);
    }

    private static void AssertBalanced(ParsedMetrics metrics, params (string, string)[] labels)
    {
        double come = metrics.Sum("broker_channel_started_messages_total", labels) + metrics.Sum("broker_channel_published_messages_total", labels);
        double gone = metrics.Sum("broker_channel_finished_messages_total", labels) + metrics.Sum("broker_channel_discarded_messages_total", labels)
            + metrics.Sum("broker_channel_depth", labels) + metrics.Sum("broker_channel_inflight", labels) + metrics.Sum("broker_channel_deferred", labels);
        Assert.True(come > 0, "nothing was counted");
        Assert.Equal(come, gone);
    }

    private static async Task<(string Text, string Type)> ScrapeAsync(HttpBroker broker, string? accept)
    {
        using HttpClient client = HttpBroker.ClientOf(broker.Broker.HttpEndPoint);
        using HttpRequestMessage request = new(HttpMethod.Get, "/metrics");
        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        using HttpResponseMessage response = await client.SendAsync(request);
        MediaTypeHeaderValue type = response.Content.Headers.ContentType!;
        return (await response.Content.ReadAsStringAsync(), type.ToString());
    }

    private static async Task ConsumeAsync(NsqSocket consumer, int count)
    {
        for (int i = 0; i < count; i++)
            await consumer.FinishAsync(await consumer.ExpectMessageAsync());
    }

    private static async Task ProduceAsync(HttpBroker broker, CancellationToken stop)
    {
        NsqSocket producer = await broker.Broker.OpenAsync();
        string[] bodies = [.. Enumerable.Range(0, 20).Select(i => $"{i}")];
        for (int i = 0; i < 400 && !stop.IsCancellationRequested; i++)
            await producer.PublishAsync("load", bodies);
    }
}
