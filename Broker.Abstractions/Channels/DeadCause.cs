namespace Broker.Channels;

/// <summary>Why a message was given up: how the last of its attempts ended, or that it expired before there was one more.</summary>
public enum DeadCause
{
    /// <summary>The consumer gave it back (REQ).</summary>
    Requeued = 0,

    /// <summary>The consumer did not answer in time.</summary>
    TimedOut = 1,

    /// <summary>The consumer was gone when its time was over.</summary>
    ConsumerLost = 2,

    /// <summary>It was older than the channel's policy allows.</summary>
    Expired = 3,
}
