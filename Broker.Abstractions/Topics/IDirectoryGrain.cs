using Orleans;

namespace Broker.Topics;

/// <summary>
/// Index of the topics, for lists and statistics; can be rebuilt from the topics' records, and nothing on the way of a
/// message calls it. There is one, with the key <see cref="Key"/>.
/// </summary>
[Alias("Broker.IDirectoryGrain")]
public interface IDirectoryGrain : IGrainWithStringKey
{
    /// <summary>Key of the only directory.</summary>
    const string Key = "directory";

    /// <summary>A topic exists; called by the topic itself.</summary>
    [Alias("AddTopic")] ValueTask AddTopicAsync(string topic);

    /// <summary>A topic is gone; called by the topic itself.</summary>
    [Alias("RemoveTopic")] ValueTask RemoveTopicAsync(string topic);

    /// <summary>Names of all topics, ordered (ordinal).</summary>
    [Alias("Topics")] ValueTask<string[]> TopicsAsync();
}
