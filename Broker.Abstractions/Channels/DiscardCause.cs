namespace Broker.Channels;

/// <summary>Why a channel gave a message up that no consumer has finished.</summary>
public enum DiscardCause
{
    /// <summary>A consumer's sample rate passed it over (spec 1.10).</summary>
    Sampled = 0,

    /// <summary>The channel was emptied (spec 2.5).</summary>
    Emptied = 1,

    /// <summary>An ephemeral channel held as many as it may (spec 2.2).</summary>
    Dropped = 2,

    /// <summary>It went to a dead-letter topic.</summary>
    DeadLettered = 3,

    /// <summary>The log was damaged and does not have it any more.</summary>
    Lost = 4,

    /// <summary>It was delivered as often as the channel's policy allows (<see cref="Policies.ChannelPolicy.MaxAttempts"/>).</summary>
    GivenUp = 5,

    /// <summary>It was dead, and had to make room for one that died later (<see cref="Policies.ChannelPolicy.MaxDead"/>).</summary>
    DeadEvicted = 6,

    /// <summary>It was dead, and an operator threw it away.</summary>
    DeadDiscarded = 7,

    /// <summary>It had waited for longer than the channel's policy allows (<see cref="Policies.ChannelPolicy.MaxAge"/>).</summary>
    Expired = 8,

    /// <summary>It had to make room in its topic's log (<see cref="Policies.TopicPolicy.DropOldest"/>).</summary>
    Overflowed = 9,
}
