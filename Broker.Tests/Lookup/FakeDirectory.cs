using Broker.Events;
using Broker.Gateway.Events;
using Broker.Gateways;
using Broker.Tests.Running;
using Broker.Topics;

namespace Broker.Tests.Lookup;

/// <summary>A directory that a test fills, and the factory that finds it.</summary>
internal sealed class FakeDirectory : FakeGrainFactory, IDirectoryGrain
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string[]> _topics = new(StringComparer.Ordinal);

    /// <summary>Tells of what the test changes.</summary>
    public EventFeed Events { get; } = new();

    /// <summary>Whether changes are told.</summary>
    public bool Tells { get; set; } = true;

    /// <summary>Throws in place of an answer when set.</summary>
    public Exception? Failure { get; set; }

    public ValueTask SetTopicAsync(string topic, string[] channels)
    {
        lock (_gate) _topics[topic] = channels;
        if (Tells) Events.Take(new BrokerEvent(BrokerEventKind.TopicCreated, topic));
        return ValueTask.CompletedTask;
    }

    public ValueTask RemoveTopicAsync(string topic)
    {
        lock (_gate) _topics.Remove(topic);
        if (Tells) Events.Take(new BrokerEvent(BrokerEventKind.TopicDeleted, topic));
        return ValueTask.CompletedTask;
    }

    public ValueTask<string[]> TopicsAsync() => throw new NotSupportedException();

    public ValueTask<TopicChannels[]> TopologyAsync(string[]? topics)
    {
        if (Failure is { } failure) return ValueTask.FromException<TopicChannels[]>(failure);
        lock (_gate)
            return new([.. (topics ?? [.. _topics.Keys]).Select(topic => new TopicChannels(topic, _topics.GetValueOrDefault(topic)))]);
    }

    public ValueTask NotePausedAsync(string topic, string channel, bool paused) => throw new NotSupportedException();

    public ValueTask<GatewayNode[]> RenewGatewayAsync(GatewayNode gateway) => throw new NotSupportedException();

    public ValueTask RemoveGatewayAsync(string id) => throw new NotSupportedException();

    public override TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) => (TGrainInterface)(object)this;
}
