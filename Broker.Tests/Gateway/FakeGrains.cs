using Broker.Tests.Running;
using System.Collections.Concurrent;
using Broker.Channels;
using Broker.Topics;

namespace Broker.Tests.Gateway;

/// <summary>Topics and channels that a test can look into and make misbehave.</summary>
internal sealed class FakeGrains : FakeGrainFactory
{
    private readonly ConcurrentDictionary<string, FakeTopic> _topics = new();
    private readonly ConcurrentDictionary<string, FakeChannel> _channels = new();

    public FakeTopic Topic(string name) => _topics.GetOrAdd(name, key => new FakeTopic(this, key));

    public FakeChannel Channel(string topic, string channel) => Channel(ChannelKey.Of(topic, channel));

    public FakeChannel Channel(string key) => _channels.GetOrAdd(key, k => new FakeChannel(k));

    public override TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) =>
        typeof(TGrainInterface) == typeof(ITopicGrain) ? (TGrainInterface)(object)Topic(primaryKey) : (TGrainInterface)(object)Channel(primaryKey);
}
