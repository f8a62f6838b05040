namespace Broker.Admin;

/// <summary>All brokers at one moment. Never changed once it is there: everybody who looks shares it.</summary>
public sealed class ClusterSample
{
    private readonly Dictionary<string, TopicSample> _byName;

    /// <param name="at">When it was taken, for who looks at it.</param>
    /// <param name="timestamp">The same by the steady clock, for rates.</param>
    /// <param name="nodes">The brokers.</param>
    /// <param name="topics">The topics by name.</param>
    /// <param name="failures">What nodes did not say.</param>
    /// <param name="error">Why there is nothing to see; null when there is.</param>
    public ClusterSample(
        DateTimeOffset at,
        long timestamp,
        IReadOnlyList<ProducerNode> nodes,
        IReadOnlyList<TopicSample> topics,
        IReadOnlyList<string> failures,
        string? error)
    {
        At = at;
        Timestamp = timestamp;
        Nodes = nodes;
        Topics = topics;
        Failures = failures;
        Error = error;
        _byName = topics.ToDictionary(static topic => topic.Name, StringComparer.Ordinal);
    }

    /// <summary>When it was taken, for who looks at it.</summary>
    public DateTimeOffset At { get; }

    /// <summary>When it was taken: a timestamp of the sampler's clock, which nobody sets.</summary>
    public long Timestamp { get; }

    /// <summary>The brokers, by the names of their hosts.</summary>
    public IReadOnlyList<ProducerNode> Nodes { get; }

    /// <summary>The topics by name.</summary>
    public IReadOnlyList<TopicSample> Topics { get; }

    /// <summary>A sentence for each node that did not answer.</summary>
    public IReadOnlyList<string> Failures { get; }

    /// <summary>Why there is nothing to see; null when there is.</summary>
    public string? Error { get; }

    /// <summary>Messages that came in a second, over all topics.</summary>
    public double Rate => Topics.Sum(static topic => topic.Rate);

    /// <summary>Messages that wait, over all topics and channels.</summary>
    public long Depth => Topics.Sum(static topic => topic.Depth);

    /// <summary>Messages that consumers have, over all channels.</summary>
    public long InFlight => Topics.Sum(static topic => topic.InFlight);

    /// <summary>Messages that were handed to all channels in a second.</summary>
    public double DeliveredRate => Topics.Sum(static topic => topic.Channels.Sum(static channel => channel.Rate));

    /// <summary>Messages that were handed to all channels.</summary>
    public long Delivered => Topics.Sum(static topic => topic.Channels.Sum(static channel => channel.Figures.MessageCount));

    /// <summary>A topic; null when there is none of that name.</summary>
    public TopicSample? Find(string topic) => _byName.GetValueOrDefault(topic);
}
