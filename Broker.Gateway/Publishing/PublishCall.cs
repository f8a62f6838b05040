using Broker.Messages;
using Broker.Topics;

namespace Broker.Gateway.Publishing;

/// <summary>One append to a topic, with all publishes that met in it.</summary>
internal sealed class PublishCall : PendingCall
{
    /// <summary>The messages; set before the call is sent.</summary>
    public MessageBatch? Batch { get; set; }

    /// <summary>Why the append failed; null when it is in the log.</summary>
    public string? Cause { get; private set; }

    /// <summary>The call has ended.</summary>
    public void Complete(TopicReply reply)
    {
        Cause = reply.Status switch
        {
            TopicStatus.Ok => null,
            TopicStatus.Failed or TopicStatus.Unknown => reply.Error ?? "failed",
            _ => "exiting",
        };
        // The messages are the topic's now, and the connections may hold on to this call a little longer.
        Batch = null;
        SetCompleted();
    }
}
