using Broker.Client;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// What tells a message from all others of its topic, at each of its deliveries. The id alone would do within one broker; servers that know
/// nothing of each other may use an id twice.
/// </summary>
internal readonly record struct MessageKey(string Id, DateTimeOffset Published)
{
    public static MessageKey Of(NsqMessage message) => new(message.Id, message.Timestamp);
}
