namespace Broker.Lookup.Registrations;

/// <summary>
/// The keys of one topic. As in NSQ the topic's key and those of its channels come and go by themselves: an ephemeral topic's
/// key may be gone while channels of it are still listed.
/// </summary>
internal sealed class TopicEntry
{
    /// <summary>Producers of the topic, each with when it was tombstoned: a timestamp, or null. Null when the topic's key is not listed.</summary>
    public Dictionary<LookupPeer, long?>? Producers { get; set; }

    /// <summary>The channels with their producers.</summary>
    public SortedDictionary<string, HashSet<LookupPeer>> Channels { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether nothing is left to list.</summary>
    public bool IsEmpty => Producers is null && Channels.Count == 0;
}
