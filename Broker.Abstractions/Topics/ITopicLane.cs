namespace Broker.Topics;

/// <summary>
/// What a topic lends to the gateway of its own process while its log is open: publishes are appended by the thread that brings them, without a turn
/// of the topic. The log fences them as it fences the topic, so a lane that is taken back late does no harm.
/// </summary>
public interface ITopicLane
{
    /// <summary>Appends a request as <see cref="ITopicGrain.PublishAsync"/> does. May be called by any thread.</summary>
    /// <param name="request">The request; the same one may have been sent to the grain, or may be sent there next.</param>
    /// <param name="reply">How it ends. It fails where a call to the grain would: then the request is to be sent again.</param>
    /// <returns>False when the grain has to be asked: the topic is not open, is about to go, or holds publishes back by a policy.</returns>
    bool TryPublish(PublishRequest request, out ValueTask<TopicReply> reply);

    /// <summary>
    /// Has the topic take note, in a turn of its own, of what <see cref="TryPublish"/> has appended, and offer it to its channels. To be called after each
    /// request that was taken, as soon as nobody waits for the caller any more: it wakes another thread. May be called by any thread.
    /// </summary>
    void TakeNote();
}
