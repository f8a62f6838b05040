using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>What a topic lends to the gateway of its own process (<see cref="ITopicLane"/>).</summary>
/// <param name="topic">The activation.</param>
/// <param name="limits">What holds publishes back.</param>
/// <param name="appender">Appends.</param>
internal sealed class TopicLane(TopicActivation topic, PublishLimits limits, Appender appender) : ITopicLane
{
    /// <inheritdoc/>
    public bool TryPublish(PublishRequest request, out ValueTask<TopicReply> reply)
    {
        // Read beside the topic's turns: what has just changed is seen a moment later, or by the log's fence.
        if (topic is not { Open: { Broken: false } open, IsClosing: false, IsEphemeral: false } || limits.IsSet || request.AreDeadLetters)
        {
            reply = default;
            return false;
        }

        reply = appender.AppendBeside(open, request);
        return true;
    }

    /// <inheritdoc/>
    public void TakeNote()
    {
        if (topic.Open is { } open)
            appender.CommitSoon(open);
    }
}
