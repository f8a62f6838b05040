using System.Diagnostics;
using System.Diagnostics.Metrics;
using Broker.Orleans.Streaming.Envelopes;
using Orleans.Runtime;

namespace Broker.Orleans.Streaming;

/// <summary>What can be watched beside Orleans' own stream metrics.</summary>
public static class StreamTelemetry
{
    /// <summary>
    /// Source of the spans <c>process {namespace}</c>: a subscriber handling an event, below the span that was current in
    /// <c>OnNextAsync</c>. A batch observer takes its events at once, so there is no such span around it.
    /// </summary>
    public const string ActivitySourceName = "Broker.Orleans.Streaming";

    /// <summary>
    /// Source of the counters <c>broker.streams.messages</c>, by queue and outcome (<c>received</c>, <c>finished</c>, <c>requeued</c>,
    /// <c>dead-lettered</c>, <c>dropped</c>, <c>repeated</c>: came again and was not handled again), and
    /// <c>broker.streams.held</c>, messages that a silo holds now, by queue.
    /// </summary>
    public const string MeterName = "Broker.Orleans.Streaming";

    private static readonly ActivitySource Source = new(ActivitySourceName);
    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Messages = Meter.CreateCounter<long>("broker.streams.messages", "{message}", "What became of messages.");
    private static readonly UpDownCounter<long> HeldMessages = Meter.CreateUpDownCounter<long>("broker.streams.held", "{message}", "Messages held now.");

    internal static void Count(string topic, string outcome) =>
        Messages.Add(1, new KeyValuePair<string, object?>("queue", topic), new KeyValuePair<string, object?>("outcome", outcome));

    internal static void Held(string topic, int change)
    {
        if (change != 0) HeldMessages.Add(change, new KeyValuePair<string, object?>("queue", topic));
    }

    internal static Activity? StartProcess(StreamId stream, BrokerSequenceToken token, EventBody body)
    {
        if (!Source.HasListeners()) return null;
        _ = ActivityContext.TryParse(body.TraceParent, body.TraceState, isRemote: true, out ActivityContext parent);
        Activity? activity = Source.StartActivity($"process {stream.GetNamespace()}", ActivityKind.Consumer, parent);
        activity?.SetTag("messaging.system", "nsq");
        activity?.SetTag("messaging.operation.type", "process");
        activity?.SetTag("messaging.message.id", token.MessageId);
        return activity;
    }
}
