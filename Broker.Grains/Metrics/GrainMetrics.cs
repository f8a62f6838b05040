using System.Diagnostics.Metrics;
using System.Globalization;
using Broker.Channels;
using Broker.Grains.Channels;
using Broker.Grains.Topics;

namespace Broker.Grains.Metrics;

/// <summary>
/// The meter <c>Broker.Grains</c>: the books of the topics and channels that are active here. Nothing is counted for its sake: it reads what
/// topics and channels keep anyway, when somebody asks.
/// </summary>
public sealed class GrainMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Broker.Grains";

    private const string Messages = "{message}";

    private readonly Meter _meter;
    private long _breaches;

    /// <param name="meters">Makes the meter.</param>
    /// <param name="labelLimit">How many topics and channels may have series of their own.</param>
    public GrainMetrics(IMeterFactory meters, int labelLimit)
    {
        LabelBudget budget = new(labelLimit);
        Topics = new Census<TopicBooks>(budget, "topic");
        Channels = new Census<OpenChannel>(budget, "topic", "channel");
        _meter = meters.Create(MeterName);
        AddTopics();
        AddChannels();
        AddLatencies();
        _meter.CreateObservableCounter(
            "broker.grains.breaches", () => Volatile.Read(ref _breaches), "{breach}",
            "Times that a topic or channel found an impossible state, and reopened or refused what was affected.");
        _meter.CreateObservableUpDownCounter(
            "broker.metrics.unlabelled", () => budget.Refused, "{series}",
            "Topics and channels without series of their own, because there are more than the label limit; they are summed up as (other).");
    }

    /// <summary>The topics.</summary>
    public Census<TopicBooks> Topics { get; }

    /// <summary>The channels.</summary>
    public Census<OpenChannel> Channels { get; }

    /// <summary>A topic or a channel has found what must never be.</summary>
    public void Breached() => Interlocked.Increment(ref _breaches);

    private void AddTopics()
    {
        CountTopics("published.messages", Messages, "Messages published to the topic.", static books => books.MessageCount);
        CountTopics("published.size", "By", "Bytes of the bodies of messages published to the topic.", static books => books.MessageBytes);
        CountTopics("failed.messages", Messages, "Messages whose publish failed in the log.", static books => books.FailedCount);
        CountTopics("dropped.messages", Messages, "Messages that the topic dropped before any channel got them: an ephemeral one that was full, or too many or too old for the policy.", static books => books.DroppedCount);
        CountTopics("emptied.messages", Messages, "Messages that were dropped because the topic was emptied.", static books => books.EmptiedCount);
        CountTopics("refused.messages", Messages, "Messages that were refused because the topic's policy does not allow them.", static books => books.RefusedCount);
        GaugeTopics("depth", Messages, "Messages that are not in any channel yet.", static books => books.Depth);
        GaugeTopics("log.size", "By", "Bytes of the topic's log: its backlog, and what is not trimmed yet.", static books => books.LogBytes);
    }

    private void AddChannels()
    {
        CountChannels("started.messages", "Messages that the channel had when it was opened.", static queue => queue.Books.StartedWith);
        CountChannels("published.messages", "Messages that the channel got from its topic.", static queue => queue.Books.Messages);
        CountChannels("delivered.messages", "Deliveries to consumers, repeated ones included.", static queue => queue.Books.Deliveries);
        CountChannels("finished.messages", "Messages finished by consumers (FIN).", static queue => queue.Books.Finished);
        CountChannels("requeued.messages", "Messages requeued by consumers (REQ).", static queue => queue.Books.Requeues);
        CountChannels("timedout.messages", "Messages that a consumer did not answer in time.", static queue => queue.Books.Timeouts);
        CountChannels("deferrals", "Times a message was deferred, by its publisher, by a REQ with a delay, or by the delay between attempts.", static queue => queue.Books.Deferrals);
        DiscardCause[] causes = Enum.GetValues<DiscardCause>();
        int[] discarded = [.. causes.Select(cause => Channels.Declare(channel => channel.Queue.Books.Discarded[(int)cause]))];
        KeyValuePair<string, object?>[] labels = [.. causes.Select(static cause => new KeyValuePair<string, object?>("cause", NameOf(cause)))];
        _meter.CreateObservableCounter(
            "broker.channel.discarded.messages", () => Channels.Read(discarded, labels), Messages, "Messages that left the channel without being finished, by cause.");
        DeadCause[] deaths = Enum.GetValues<DeadCause>();
        int[] died = [.. deaths.Select(cause => Channels.Declare(channel => channel.Queue.Books.Died[(int)cause]))];
        KeyValuePair<string, object?>[] deathLabels = [.. deaths.Select(static cause => new KeyValuePair<string, object?>("cause", DeadCauseNames.NameOf(cause)))];
        _meter.CreateObservableCounter(
            "broker.channel.died.messages", () => Channels.Read(died, deathLabels), Messages,
            "Messages that had all of their attempts, by how the last one ended, whatever became of them.");
        GaugeChannels("dead", Messages, "Messages that were given up and are kept as dead letters.", static channel => channel.Queue.Dead);
        GaugeChannels("dead.size", "By", "Bytes that the dead letters take in the channel's store.", static channel => channel.Queue.Letters.Bytes);
        GaugeChannels("depth", Messages, "Waiting messages: neither in flight nor deferred.", static channel => channel.Queue.Depth);
        GaugeChannels(
            "backend.depth", Messages, "Part of the depth that is not in memory.", static channel => channel.Progress is null ? 0 : channel.Queue.BackendDepth);
        GaugeChannels("inflight", Messages, "Messages in flight with consumers.", static channel => channel.Queue.InFlight);
        GaugeChannels("deferred", Messages, "Messages that are not due yet.", static channel => channel.Queue.Deferred);
        GaugeChannels("consumers", "{consumer}", "Consumers of the channel.", static channel => channel.Queue.ConsumerCount);
        GaugeChannels("paused", "{channel}", "1 while the channel is paused.", static channel => channel.Queue.Paused ? 1 : 0);
    }

    // Instruments that fill a histogram from outside are not part of .NET's meters: this is what Prometheus makes of one.
    private void AddLatencies()
    {
        const string name = "broker.channel.e2e.duration";
        const string description = "Time from the publish of a message to its FIN.";
        int buckets = LatencyHistogram.Bounds.Count + 1;
        int[] counts = [.. Enumerable.Range(0, buckets).Select(bucket => Channels.Declare(channel => channel.Queue.Latencies?[bucket] ?? 0))];
        KeyValuePair<string, object?>[] bounds =
        [
            .. LatencyHistogram.Bounds.Select(static bound => new KeyValuePair<string, object?>("le", bound.ToString(CultureInfo.InvariantCulture))),
            new KeyValuePair<string, object?>("le", "+Inf"),
        ];
        int sum = Channels.Declare(static channel => channel.Queue.Latencies?.Nanoseconds ?? 0);
        _meter.CreateObservableCounter(
            $"{name}.bucket", () => Channels.ReadBuckets(counts, bounds, static channel => channel.Queue.Latencies is not null), Messages, description);
        _meter.CreateObservableCounter(
            $"{name}.sum", () => Channels.Read(sum).Select(static sum => new Measurement<double>(sum.Value / 1e9, sum.Tags)), "s", description);
    }

    private static string NameOf(DiscardCause cause) => cause switch
    {
        DiscardCause.Sampled => "sampled",
        DiscardCause.Emptied => "emptied",
        DiscardCause.Dropped => "dropped",
        DiscardCause.DeadLettered => "dead_lettered",
        DiscardCause.GivenUp => "given_up",
        DiscardCause.DeadEvicted => "dead_evicted",
        DiscardCause.DeadDiscarded => "dead_discarded",
        DiscardCause.Expired => "expired",
        DiscardCause.Overflowed => "overflowed",
        _ => "lost",
    };

    private void CountTopics(string name, string unit, string description, Func<TopicBooks, long> sum)
    {
        int number = Topics.Declare(sum);
        _meter.CreateObservableCounter($"broker.topic.{name}", () => Topics.Read(number), unit, description);
    }

    private void GaugeTopics(string name, string unit, string description, Func<TopicBooks, long> figure) =>
        _meter.CreateObservableUpDownCounter($"broker.topic.{name}", () => Topics.Read(figure), unit, description);

    private void CountChannels(string name, string description, Func<ChannelQueue, long> sum)
    {
        int number = Channels.Declare(channel => sum(channel.Queue));
        _meter.CreateObservableCounter($"broker.channel.{name}", () => Channels.Read(number), Messages, description);
    }

    private void GaugeChannels(string name, string unit, string description, Func<OpenChannel, long> figure) =>
        _meter.CreateObservableUpDownCounter($"broker.channel.{name}", () => Channels.Read(figure), unit, description);
}
