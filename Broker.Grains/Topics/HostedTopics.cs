using System.Collections.Concurrent;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>The topics that are open in this process, one of several.</summary>
public sealed class HostedTopics : IHostedTopics
{
    // By count: while a topic moves, its next activation may open before the last one has closed.
    private readonly ConcurrentDictionary<string, int> _topics = new(StringComparer.Ordinal);

    private long _opened;

    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => [.. _topics.Keys.Order(StringComparer.Ordinal)];

    /// <inheritdoc/>
    public bool Hosts(string topic) => _topics.ContainsKey(topic);

    /// <inheritdoc/>
    public Task Settled => _settled.Task;

    /// <summary>What was stored before the start has been opened, or nobody is to wait for it any more.</summary>
    public void Settle() => _settled.TrySetResult();

    /// <summary>How often a topic was opened since the start.</summary>
    public long OpenedCount => Interlocked.Read(ref _opened);

    /// <summary>A topic was opened.</summary>
    public void Add(string topic)
    {
        _topics.AddOrUpdate(topic, 1, static (_, count) => count + 1);
        Interlocked.Increment(ref _opened);
    }

    /// <summary>A topic was closed.</summary>
    public void Remove(string topic)
    {
        int left = _topics.AddOrUpdate(topic, 0, static (_, count) => count - 1);
        if (left <= 0)
            _topics.TryRemove(new KeyValuePair<string, int>(topic, left));
    }
}
