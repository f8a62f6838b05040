using Orleans;
using Orleans.Providers.Streams.Common;

namespace Broker.Orleans.Streaming;

/// <summary>
/// Position of an event: its number counts the messages that a silo received from a queue, so it grows within a stream and is another
/// one after a redelivery. What stays is <see cref="MessageId"/> with the event's index: who must not handle an event twice remembers those.
/// </summary>
[GenerateSerializer]
[Alias("Broker.Orleans.Streaming.BrokerSequenceToken")]
public sealed class BrokerSequenceToken : EventSequenceTokenV2
{
    /// <summary>For serialisers.</summary>
    public BrokerSequenceToken() => MessageId = "";

    internal BrokerSequenceToken(long number, string messageId, int attempts)
        : base(number)
    {
        MessageId = messageId;
        Attempts = attempts;
    }

    /// <summary>The message's name at its server: 16 hexadecimal digits, the same at each delivery.</summary>
    [Id(0)]
    public string MessageId { get; private set; }

    /// <summary>Which delivery by the server this is: 1 for the first.</summary>
    [Id(1)]
    public int Attempts { get; private set; }
}
