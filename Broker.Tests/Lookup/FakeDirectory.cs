using Broker.Tests.Engine;
using Broker.Topics;

namespace Broker.Tests.Lookup;

/// <summary>A directory that a test fills, and the factory that finds it.</summary>
internal sealed class FakeDirectory : FakeGrainFactory, IDirectoryGrain
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string[]> _topics = new(StringComparer.Ordinal);
    private ITopologyObserver? _observer;

    /// <summary>Whether changes are told.</summary>
    public bool Tells { get; set; } = true;

    /// <summary>Throws in place of an answer when set.</summary>
    public Exception? Failure { get; set; }

    public ValueTask SetTopicAsync(string topic, string[] channels)
    {
        lock (_gate) _topics[topic] = channels;
        if (Tells) _observer?.Changed(topic);
        return ValueTask.CompletedTask;
    }

    public ValueTask RemoveTopicAsync(string topic)
    {
        lock (_gate) _topics.Remove(topic);
        if (Tells) _observer?.Changed(topic);
        return ValueTask.CompletedTask;
    }

    public ValueTask<string[]> TopicsAsync() => throw new NotSupportedException();

    public ValueTask<TopicChannels[]> TopologyAsync(string[]? topics)
    {
        if (Failure is { } failure) return ValueTask.FromException<TopicChannels[]>(failure);
        lock (_gate)
            return new([.. (topics ?? [.. _topics.Keys]).Select(topic => new TopicChannels(topic, _topics.GetValueOrDefault(topic)))]);
    }

    public ValueTask SubscribeAsync(ITopologyObserver observer)
    {
        _observer = observer;
        return ValueTask.CompletedTask;
    }

    public ValueTask UnsubscribeAsync(ITopologyObserver observer) => throw new NotSupportedException();

    public override TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) => (TGrainInterface)(object)this;
}
