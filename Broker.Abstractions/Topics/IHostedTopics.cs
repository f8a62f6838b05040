namespace Broker.Topics;

/// <summary>Which topics this process hosts: tools add up what the nodes of a cluster tell, so each is to be told by one of them.</summary>
public interface IHostedTopics
{
    /// <summary>Their names, ordered (ordinal); null for all that there are, where there is but one node.</summary>
    IReadOnlyList<string>? Names { get; }

    /// <summary>Whether a topic is hosted here.</summary>
    bool Hosts(string topic);

    /// <summary>The lane of a topic that is open here; null when there is none.</summary>
    ITopicLane? FindLane(string topic);

    /// <summary>
    /// Ends when what was stored before the start has been opened, or that took longer than anybody is to wait: until then the names are of
    /// what somebody happened to ask for.
    /// </summary>
    Task Settled { get; }
}
