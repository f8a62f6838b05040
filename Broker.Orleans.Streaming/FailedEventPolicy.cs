namespace Broker.Orleans.Streaming;

/// <summary>What becomes of a message that a subscription failed to handle for as long as Orleans tries, or that cannot be read.</summary>
public enum FailedEventPolicy
{
    /// <summary>
    /// Its body, as it is, is published to <see cref="BrokerStreamOptions.DeadLetterTopic"/>, and then it is finished. The default.
    /// </summary>
    DeadLetter,

    /// <summary>
    /// It comes again after <see cref="BrokerStreamOptions.RequeueDelay"/>, to all subscriptions of its stream; after
    /// <see cref="BrokerStreamOptions.MaxAttempts"/> deliveries it goes to the dead letters.
    /// </summary>
    Requeue,

    /// <summary>It is finished and forgotten; a log line and a counter remain.</summary>
    Drop,
}
