using System.Collections.Concurrent;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>The topics that are open in this process, one of several.</summary>
public sealed class HostedTopics : IHostedTopics
{
    private readonly ConcurrentDictionary<string, Hosting> _topics = new(StringComparer.Ordinal);

    private long _opened;

    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => [.. _topics.Keys.Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public bool Hosts(string topic) => _topics.ContainsKey(topic);

    /// <inheritdoc/>
    public ITopicLane? FindLane(string topic) => _topics.TryGetValue(topic, out Hosting hosting) ? hosting.Lane : null;

    /// <inheritdoc/>
    public Task Settled => _settled.Task;

    /// <summary>What was stored before the start has been opened, or nobody is to wait for it any more.</summary>
    public void Settle() => _settled.TrySetResult();

    /// <summary>How often a topic was opened since the start.</summary>
    public long OpenedCount => Interlocked.Read(ref _opened);

    /// <summary>A topic was opened.</summary>
    public void Add(string topic, ITopicLane? lane = null)
    {
        _topics.AddOrUpdate(topic, static (_, lane) => new Hosting(1, lane), static (_, hosting, lane) => new Hosting(hosting.Count + 1, lane), lane);
        Interlocked.Increment(ref _opened);
    }

    /// <summary>A topic was closed.</summary>
    public void Remove(string topic)
    {
        Hosting left = _topics.AddOrUpdate(topic, default(Hosting), static (_, hosting) => hosting with { Count = hosting.Count - 1 });
        if (left.Count <= 0)
            _topics.TryRemove(new KeyValuePair<string, Hosting>(topic, left));
    }

    // By count: while a topic moves, its next activation may open before the last one has closed. A lane knows by itself when its topic is closed.
    private readonly record struct Hosting(int Count, ITopicLane? Lane);
}
