using System.Diagnostics;
using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Telemetry;

namespace Broker.Grains.Topics;

/// <summary>The spans of a message on its way through its topic.</summary>
/// <param name="name">The topic's name.</param>
/// <param name="options">Knows the number of this node, which ids begin with.</param>
/// <param name="time">The clock.</param>
/// <param name="traces">Traces messages; null for never.</param>
internal sealed class TopicTraces(string name, QueueOptions options, TimeProvider time, MessageTraces? traces)
{
    /// <summary>When something begins that is to be traced; null while nothing is.</summary>
    public DateTimeOffset? Start => traces is { IsOn: true } ? time.GetUtcNow() : null;

    /// <summary>An append has ended, and with it the publish of its messages.</summary>
    public void Appended(OpenTopic open, PendingAppend append)
    {
        if (traces is not { IsOn: true })
            return;
        DateTimeOffset now = time.GetUtcNow();
        foreach (long offset in traces.Among(append.Batch.BaseOffset, append.Batch.EndOffset))
        {
            ulong id = IdOf(open, offset);
            MessageTraces.Add("publish", ActivityKind.Producer, name, id, MessageTraces.PublishTimeOf(append.Batch, offset), now);
            MessageTraces.Add(
                "append", ActivityKind.Internal, name, id, append.Started ?? now, now, ("messaging.batch.message_count", append.Batch.Count));
        }
    }

    /// <summary>A channel has taken an offer.</summary>
    public void Offered(OpenTopic open, string channel, ChannelOffer offer, DateTimeOffset? start)
    {
        if (start is not { } begun || traces is null)
            return;
        DateTimeOffset now = time.GetUtcNow();
        foreach (long offset in traces.Among(offer.From, offer.End))
        {
            MessageTraces.Add(
                "fan-out", ActivityKind.Internal, name, IdOf(open, offset), begun, now, ("messaging.destination.subscription.name", channel));
        }
    }

    private ulong IdOf(OpenTopic open, long offset) => MessageId.Of(MessageId.Prefix(options.NodeId, open.Log.Generation), offset);
}
