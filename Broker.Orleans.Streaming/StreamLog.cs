using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Streaming;

internal static partial class StreamLog
{
    [LoggerMessage(1, LogLevel.Warning, "stream provider {Provider} cannot reach its broker; it resumes when the broker is back: {Reason}")]
    public static partial void Away(ILogger logger, string provider, string reason);

    [LoggerMessage(2, LogLevel.Information, "stream provider {Provider} reaches its broker again")]
    public static partial void Back(ILogger logger, string provider);

    [LoggerMessage(3, LogLevel.Error, "message {Id} of {Topic} is dropped: {Reason}")]
    public static partial void Dropped(ILogger logger, string id, string topic, string reason);

    [LoggerMessage(4, LogLevel.Warning, "message {Id} of {Topic} is delivered again in {Delay}: {Reason}")]
    public static partial void Requeued(ILogger logger, string id, string topic, TimeSpan delay, string reason);

    [LoggerMessage(5, LogLevel.Error, "message {Id} of {Topic} was moved to {DeadLetterTopic}: {Reason}")]
    public static partial void DeadLettered(ILogger logger, string id, string topic, string deadLetterTopic, string reason);

    [LoggerMessage(6, LogLevel.Warning, "message {Id} of {Topic} could not be published to {DeadLetterTopic} and is delivered again: {Reason}")]
    public static partial void DeadLetterFailed(ILogger logger, string id, string topic, string deadLetterTopic, string reason);

    [LoggerMessage(7, LogLevel.Error, "subscription {Subscription} of stream {Stream} failed to handle {Token}")]
    public static partial void DeliveryFailed(ILogger logger, Guid subscription, string stream, string token);

    [LoggerMessage(8, LogLevel.Warning, "subscription {Subscription} of stream {Stream} could not be set up")]
    public static partial void SubscriptionFailed(ILogger logger, Guid subscription, string stream);

    [LoggerMessage(9, LogLevel.Critical, "stream provider {Provider} receives nothing: {Reason}")]
    public static partial void Refused(ILogger logger, string provider, string reason);

    [LoggerMessage(10, LogLevel.Error, "the number of queues of stream provider {Provider} could not be checked; trying again: {Reason}")]
    public static partial void CheckFailed(ILogger logger, string provider, string reason);
}
