namespace Broker.Admin;

/// <summary>What can be done to a topic, a channel, a node or a message.</summary>
public enum AdminVerb
{
    Create = 0,
    Delete,
    Pause,
    Unpause,
    Empty,

    /// <summary>Hides a node from those who look for a topic, and deletes the topic there.</summary>
    Tombstone,

    /// <summary>Publishes a message.</summary>
    Publish,

    /// <summary>Hands a message that is in flight or deferred to the next consumer.</summary>
    Requeue,

    /// <summary>Drops a message from a channel.</summary>
    Finish,

    /// <summary>Replaces the policy of a topic or a channel.</summary>
    ChangePolicy,

    /// <summary>Sends dead letters of a channel back to it.</summary>
    Redrive,

    /// <summary>Ends that.</summary>
    StopRedrive,

    /// <summary>Discards dead letters of a channel.</summary>
    DiscardDead,
}
