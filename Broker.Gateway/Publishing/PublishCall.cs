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

    /// <summary>How the append ended.</summary>
    public TopicStatus Status { get; private set; }

    /// <summary>With <see cref="TopicStatus.TooBig"/>: the greatest body that was to be published, and the greatest that the topic takes, in bytes.</summary>
    public (int Size, int Limit) Excess { get; private set; }

    /// <summary>The call has ended.</summary>
    public void Complete(TopicReply reply)
    {
        Status = reply.Status;
        Cause = reply.Status switch
        {
            TopicStatus.Ok => null,
            TopicStatus.Failed or TopicStatus.Unknown or TopicStatus.TooMany or TopicStatus.Full => reply.Error ?? "failed",
            TopicStatus.TooBig => "message too big",
            _ => "exiting",
        };
        if (reply.Status == TopicStatus.TooBig)
            Excess = (GreatestOf(Batch!), reply.MaxMessageSize);
        // The messages are the topic's now, and the connections may hold on to this call a little longer.
        Batch = null;
        SetCompleted();
    }

    private static int GreatestOf(MessageBatch batch)
    {
        int greatest = 0;
        int position = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            int record = batch.SizeAt(position);
            greatest = Math.Max(greatest, record - MessageBatch.RecordHeaderSize);
            position += record;
        }
        return greatest;
    }
}
