namespace Broker.Orleans.Streaming;

/// <summary>
/// A topic whose messages know nothing of Orleans, as streams of one namespace: each message that comes is an event, and each
/// event that a grain produces in the namespace goes out as a message with a plain body.
/// </summary>
/// <remarks>
/// A subscriber chooses the type of the events: <c>byte[]</c>, <c>ReadOnlyMemory&lt;byte&gt;</c> and <c>string</c> (UTF-8) get the body,
/// any other type is read from it as JSON.
/// </remarks>
public sealed class BrokerTopicStream
{
    /// <summary>The topic: 1 to 64 of letters, digits, <c>.</c>, <c>_</c> and <c>-</c>.</summary>
    public string Topic { get; set; } = "";

    /// <summary>Namespace of its streams; null for the topic's name.</summary>
    public string? Namespace { get; set; }

    /// <summary>Channel to receive on; null for <see cref="BrokerStreamOptions.Channel"/>.</summary>
    public string? Channel { get; set; }

    /// <summary>Key of the one stream that gets all messages, when there is no <see cref="KeySelector"/>. <c>all</c> by default.</summary>
    public string Key { get; set; } = "all";

    /// <summary>
    /// Key of the stream that gets a message, by its body; null for <see cref="Key"/>. One that throws makes the message a failed
    /// event.
    /// </summary>
    public Func<ReadOnlyMemory<byte>, string>? KeySelector { get; set; }

    /// <summary>Whether the topic is received. On by default; off for one that events only go out to.</summary>
    public bool Receive { get; set; } = true;

    internal string EffectiveNamespace => Namespace ?? Topic;
}
