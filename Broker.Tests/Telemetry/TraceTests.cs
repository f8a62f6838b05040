using System.Collections.Concurrent;
using System.Diagnostics;
using Broker.Telemetry;
using Broker.Tests.Running;

namespace Broker.Tests.Telemetry;

/// <summary>A message's way from PUB to FIN, as its trace tells it.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly string _topic = $"trace-{Guid.NewGuid():N}";
    private readonly ActivityListener _listener;

    public TraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == MessageTraces.SourceName,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span =>
            {
                if ((string?)span.GetTagItem("messaging.destination.name") == _topic)
                    _spans.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_message_can_be_followed_from_publish_to_finish_by_its_id()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Telemetry.TraceSampleRate = 1);
        NsqSocket consumer = await broker.SubscribeAsync(_topic, "c", ready: 1);
        await broker.PublishAsync(_topic, "one", "two", "three");
        NsqMessage message = await consumer.ExpectMessageAsync();
        await consumer.FinishAsync(message);
        NsqMessage second = await consumer.ExpectMessageAsync();
        await consumer.RequeueAsync(second, 0);
        await Broker.Tests.Gateway.Eventually.TrueAsync(() => NamesOf(second.Id).Contains("requeue"));
        await Broker.Tests.Gateway.Eventually.TrueAsync(() => NamesOf(message.Id).Count() == 5);

        Assert.Equal(["append", "deliver", "fan-out", "finish", "publish"], NamesOf(message.Id).Order());
        Activity[] trace = [.. SpansOf(message.Id)];
        ActivityTraceId traceId = MessageTraces.TraceIdOf(_topic, Convert.ToUInt64(message.Id, 16));
        Assert.EndsWith(message.Id, traceId.ToHexString());
        Assert.All(trace, span => Assert.Equal(traceId, span.TraceId));
        Assert.Single(trace.Select(span => span.ParentSpanId).Distinct());
        Assert.All(trace, span => Assert.True(span.Duration >= TimeSpan.Zero));
        Activity publish = trace.Single(span => span.OperationName == "publish");
        Assert.Equal(message.Timestamp / 100, (publish.StartTimeUtc - DateTime.UnixEpoch).Ticks);
        Assert.Equal("c", trace.Single(span => span.OperationName == "deliver").GetTagItem("messaging.destination.subscription.name"));
        Assert.Equal(1, trace.Single(span => span.OperationName == "finish").GetTagItem("nsq.message.attempts"));
    }

    [Fact]
    public async Task One_in_so_many_messages_is_traced_whole_and_the_others_not_at_all()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync(settings => settings.Telemetry.TraceSampleRate = 0.1);
        NsqSocket consumer = await broker.SubscribeAsync(_topic, "c", ready: 50);
        await broker.PublishAsync(_topic, [.. Enumerable.Range(0, 50).Select(i => $"{i}")]);
        foreach (NsqMessage message in await consumer.ExpectMessagesAsync(50))
            await consumer.FinishAsync(message);
        await Broker.Tests.Gateway.Eventually.TrueAsync(() => _spans.Count == 25);
        Assert.All(_spans.GroupBy(span => span.TraceId), trace => Assert.Equal(5, trace.Count()));
        Assert.Equal(5, _spans.Select(span => span.TraceId).Distinct().Count());
    }

    [Fact]
    public async Task Without_a_rate_nothing_is_traced_although_somebody_listens()
    {
        await using RunningBroker broker = await RunningBroker.StartAsync();
        NsqSocket consumer = await broker.SubscribeAsync(_topic, "c", ready: 1);
        await broker.PublishAsync(_topic, "one");
        await consumer.FinishAsync(await consumer.ExpectMessageAsync());
        await broker.UntilAsync(_topic, "c", stats => stats.Finished == 1);
        Assert.Empty(_spans);
        Assert.False(new MessageTraces(0).IsOn);
        Assert.True(new MessageTraces(1).IsOn);
    }

    private IEnumerable<Activity> SpansOf(string id) => _spans.Where(span => (string?)span.GetTagItem("messaging.message.id") == id);

    private IEnumerable<string> NamesOf(string id) => SpansOf(id).Select(span => span.OperationName);
}
