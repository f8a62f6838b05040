using Broker.Gateways;
using Orleans;

namespace Broker.Topics;

/// <summary>
/// Index of the topics and their channels, for lists, statistics and lookup services; can be rebuilt from the topics' records, and nothing on the way of a
/// message calls it. It also knows the gateways, and tells each of them at once what changes. There is one, with the key <see cref="Key"/>.
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

    /// <summary>A topic or, if one is named, a channel was paused or resumed; called by the topic itself.</summary>
    [Alias("NotePaused")] ValueTask NotePausedAsync(string topic, string channel, bool paused);

    /// <summary>
    /// A gateway lives: it counts as such for <see cref="GatewayNode.Lifetime"/> from now, and is told for as long what happens. Answers with all that
    /// live, ordered by id.
    /// </summary>
    [Alias("RenewGateway")] ValueTask<GatewayNode[]> RenewGatewayAsync(GatewayNode gateway);

    /// <summary>A gateway serves no more.</summary>
    [Alias("RemoveGateway")] ValueTask RemoveGatewayAsync(string id);
}
