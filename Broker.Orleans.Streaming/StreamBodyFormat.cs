namespace Broker.Orleans.Streaming;

/// <summary>How the events of a message are written.</summary>
public enum StreamBodyFormat
{
    /// <summary>By Orleans' serialiser: any type that Orleans can send to a grain, exactly as it was. The default.</summary>
    Orleans,

    /// <summary>
    /// As JSON by System.Text.Json with its web defaults, so that programs in other languages read and write the messages. The type
    /// of an event is the one that the subscriber asks for, and is not in the message.
    /// </summary>
    Json,

    /// <summary>
    /// As a body without an envelope, one message an event: bytes and strings as they are, anything else as JSON. For
    /// <see cref="BrokerTopicStream"/>; not for the queues of the provider, whose messages must name their stream.
    /// </summary>
    Plain,
}
