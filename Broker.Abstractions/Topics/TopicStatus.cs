namespace Broker.Topics;

/// <summary>How a call to a topic ended.</summary>
public enum TopicStatus
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>There is no such topic.</summary>
    TopicNotFound = 1,

    /// <summary>There is no such channel, or only another incarnation of it.</summary>
    ChannelNotFound = 2,

    /// <summary>The topic is being deleted or the broker is stopping.</summary>
    Exiting = 3,

    /// <summary>The store refused or failed; the reply's error says why. Nothing was acknowledged.</summary>
    Failed = 4,

    /// <summary>The channel has no such message, or it is on its way between two states.</summary>
    MessageNotFound = 5,

    /// <summary>Whether the messages are in the log cannot be told any more; the reply's error says so. Nothing was acknowledged.</summary>
    Unknown = 6,

    /// <summary>Somebody else has changed the policy; nothing was changed.</summary>
    PolicyChanged = 7,

    /// <summary>A message is greater than the topic's policy allows, which the reply's limit says; none of the batch was taken.</summary>
    TooBig = 20,

    /// <summary>More is published than the topic's policy allows; the reply's error says so. None of the batch was taken.</summary>
    TooMany = 21,

    /// <summary>The topic has no room for the batch, by its policy or by what the broker allows; the reply's error says so. None of it was taken.</summary>
    Full = 22,
}
