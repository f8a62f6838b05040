namespace Broker.Storage.Memory;

/// <summary>
/// Keeps messages in memory only: for ephemeral topics, and for runs that are to leave nothing behind. It is as strict as the other
/// stores about epochs, generations and incarnations, so that what works on it works on them.
/// </summary>
public sealed class MemoryMessageStore : IMessageStore
{
    private static readonly DateTimeOffset Beginning = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MemoryTopic> _topics = new(StringComparer.Ordinal);
    private readonly TimeProvider? _clock;
    private int _lastGeneration;

    /// <summary>Makes an empty store.</summary>
    /// <param name="clock">
    /// Generations go by it, so that a topic that was lost with another process, and is made again here, gets a greater one: what was its does not
    /// take the new topic for the old. Null to count from 1.
    /// </param>
    public MemoryMessageStore(TimeProvider? clock = null) => _clock = clock;

    /// <inheritdoc/>
    public string? Failure => null;

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListTopicsAsync()
    {
        lock (_lock)
            return new([.. _topics.Keys]);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListChannelsAsync(string topic)
    {
        MemoryTopic? found;
        lock (_lock)
            _topics.TryGetValue(topic, out found);
        return new([.. found?.Record.Channels.Select(channel => channel.Name) ?? []]);
    }

    /// <inheritdoc/>
    public ValueTask<ITopicLog?> OpenTopicAsync(string topic, bool create)
    {
        lock (_lock)
        {
            if (!_topics.TryGetValue(topic, out MemoryTopic? found))
            {
                if (!create)
                    return new((ITopicLog?)null);
                _lastGeneration = NextGeneration();
                found = new MemoryTopic(topic, _lastGeneration, Forget);
                _topics.Add(topic, found);
            }
            return new(found.Open());
        }
    }

    /// <inheritdoc/>
    public ValueTask<ITopicReader?> OpenReaderAsync(string topic, int generation) =>
        new(Find(topic, generation) is { } found ? new MemoryTopicReader(found) : null);

    /// <inheritdoc/>
    public ValueTask<IChannelProgress> OpenChannelAsync(string topic, int generation, string channel, long incarnation)
    {
        try
        {
            MemoryTopic found = Find(topic, generation) ?? throw new FencedException($"topic {topic} was deleted");
            return new(found.OpenChannel(channel, incarnation));
        }
        catch (FencedException e)
        {
            return ValueTask.FromException<IChannelProgress>(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask DeleteChannelAsync(string topic, int generation, string channel, long incarnation)
    {
        Find(topic, generation)?.DeleteChannel(channel, incarnation);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Whole seconds: more than one topic a second is made for a while only, and the clock catches up.
    private int NextGeneration() =>
        Math.Max(_lastGeneration + 1, _clock is null ? 0 : (int)Math.Clamp((_clock.GetUtcNow() - Beginning).TotalSeconds, 0, int.MaxValue / 2));

    private MemoryTopic? Find(string topic, int generation)
    {
        lock (_lock)
            return _topics.TryGetValue(topic, out MemoryTopic? found) && found.Generation == generation ? found : null;
    }

    private void Forget(MemoryTopic topic)
    {
        lock (_lock)
        {
            if (_topics.TryGetValue(topic.Name, out MemoryTopic? known) && known == topic)
                _topics.Remove(topic.Name);
        }
    }
}
