using Broker.Orleans.Streaming.Envelopes;
using Orleans.Runtime;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>Where a queue of Orleans' is at the broker.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Channel">The channel.</param>
/// <param name="Foreign">How its messages become events when they are no envelopes; null for a queue of the provider's own.</param>
internal sealed record QueueSource(string Topic, string Channel, BrokerTopicStream? Foreign)
{
    /// <exception cref="MalformedEnvelopeException">It cannot be read.</exception>
    public (StreamId Stream, EventBody Body) Read(ReadOnlyMemory<byte> message, Envelope envelope)
    {
        if (Foreign is null) return envelope.Read(message.Span);
        string key;
        try
        {
            key = Foreign.KeySelector?.Invoke(message) ?? Foreign.Key;
        }
        catch (Exception e)
        {
            throw new MalformedEnvelopeException($"the key selector of topic {Topic} failed: {e.Message}", e);
        }
        return (StreamId.Create(Foreign.EffectiveNamespace, key), new EventBody(StreamBodyFormat.Plain, message.ToArray()));
    }
}
