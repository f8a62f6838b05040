namespace Broker.Topics;

/// <summary>Which topics this process hosts: tools add up what the nodes of a cluster tell, so each is to be told by one of them.</summary>
public interface IHostedTopics
{
    /// <summary>Their names, ordered (ordinal); null for all that there are, where there is but one node.</summary>
    IReadOnlyList<string>? Names { get; }

    /// <summary>Whether a topic is hosted here.</summary>
    bool Hosts(string topic);
}
