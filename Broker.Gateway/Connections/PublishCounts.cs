using System.Runtime.InteropServices;

namespace Broker.Gateway.Connections;

/// <summary>How many messages a connection published to which topic.</summary>
internal sealed class PublishCounts
{
    private readonly Lock _sync = new();
    private Dictionary<string, long>? _counts;

    /// <summary>Counts messages.</summary>
    public void Add(string topic, int messages)
    {
        lock (_sync)
            CollectionsMarshal.GetValueRefOrAddDefault(_counts ??= [], topic, out _) += messages;
    }

    /// <summary>The counts as they are now, ordered by topic.</summary>
    public KeyValuePair<string, long>[] ToArray()
    {
        lock (_sync)
            return _counts is null ? [] : [.. _counts.OrderBy(static count => count.Key, StringComparer.Ordinal)];
    }
}
