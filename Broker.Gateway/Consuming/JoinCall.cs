using Broker.Channels;

namespace Broker.Gateway.Consuming;

/// <summary>A consumer's wish to join its channel.</summary>
internal sealed class JoinCall(Consumer consumer) : PendingCall
{
    /// <summary>Who wants to join.</summary>
    public Consumer Consumer => consumer;

    /// <summary>How it ended.</summary>
    public AttachReply Reply { get; private set; }

    /// <summary>The call has ended.</summary>
    public void Complete(AttachReply reply)
    {
        Reply = reply;
        SetCompleted();
    }
}
