using Orleans;

namespace Broker.Topics;

/// <summary>
/// Index of the topics and their channels, for lists, statistics and lookup services; can be rebuilt from the topics' records, and nothing on the way of a
/// message calls it. There is one, with the key <see cref="Key"/>.
/// </summary>
[Alias("Broker.IDirectoryGrain")]
public interface IDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Key of the only directory.</summary>
    const string Key = "directory";

    /// <summary>A topic exists and has these channels; called by the topic itself, whenever that changes.</summary>
    [Alias("SetTopic")] ValueTask SetTopicAsync(string topic, string[] channels);

    /// <summary>A topic is gone; called by the topic itself.</summary>
    [Alias("RemoveTopic")] ValueTask RemoveTopicAsync(string topic);

    /// <summary>Names of all topics, ordered (ordinal).</summary>
    [Alias("Topics")] ValueTask<string[]> TopicsAsync();

    /// <summary>The topics asked for, in that order; with null all that there are, ordered by name (ordinal).</summary>
    [Alias("Topology")] ValueTask<TopicChannels[]> TopologyAsync(string[]? topics);

    /// <summary>Has an observer told of changes for two minutes from now. Observers subscribe again and again for as long as they listen.</summary>
    [Alias("Subscribe")] ValueTask SubscribeAsync(ITopologyObserver observer);

    /// <summary>Has an observer told no more.</summary>
    [Alias("Unsubscribe")] ValueTask UnsubscribeAsync(ITopologyObserver observer);
}
