namespace Broker.Events;

/// <summary>What has happened. Numbers never change meaning.</summary>
public enum BrokerEventKind
{
    /// <summary>A topic has been made.</summary>
    TopicCreated = 0,

    /// <summary>A topic has been deleted, with its channels.</summary>
    TopicDeleted = 1,

    /// <summary>A topic hands nothing over any more.</summary>
    TopicPaused = 2,

    /// <summary>A topic hands over again.</summary>
    TopicResumed = 3,

    /// <summary>A channel has been made.</summary>
    ChannelCreated = 4,

    /// <summary>A channel has been deleted.</summary>
    ChannelDeleted = 5,

    /// <summary>A channel delivers nothing any more.</summary>
    ChannelPaused = 6,

    /// <summary>A channel delivers again.</summary>
    ChannelResumed = 7,

    /// <summary>A node serves clients.</summary>
    NodeJoined = 8,

    /// <summary>A node serves clients no more.</summary>
    NodeLeft = 9,
}
