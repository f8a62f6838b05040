using Broker.Protocol;
using Broker.Lookup.Documents;
using Broker.Protocol.Lookup;

namespace Broker.Lookup.Registrations;

/// <summary>
/// Which node has which topics and channels (spec 4). In memory only: nodes announce everything anew when they connect. May be
/// called from any thread; every answer is a copy.
/// </summary>
public sealed class LookupRegistry(TimeProvider time, LookupOptions options)
{
    private readonly Lock _sync = new();
    private readonly SortedDictionary<string, TopicEntry> _topics = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, LookupPeer> _peers = [];
    private long _lastPeer;

    /// <summary>A node has identified itself.</summary>
    /// <param name="remoteAddress">ip:port that it connected from.</param>
    /// <param name="info">What it said of itself; complete.</param>
    /// <param name="isLocal">Whether it is the broker of this process, which is never taken for inactive.</param>
    public LookupPeer Add(string remoteAddress, PeerInfo info, bool isLocal = false)
    {
        lock (_sync)
        {
            LookupPeer peer = new(++_lastPeer, remoteAddress, info, isLocal);
            peer.Touch(time);
            _peers.Add(peer.Number, peer);
            return peer;
        }
    }

    /// <summary>A node's connection has ended. Its keys stay listed, even ephemeral ones.</summary>
    public void Remove(LookupPeer peer)
    {
        lock (_sync)
        {
            if (!_peers.Remove(peer.Number))
                return;
            foreach (string topic in peer.Topics)
            {
                TopicEntry entry = _topics[topic];
                entry.Producers?.Remove(peer);
                foreach (HashSet<LookupPeer> producers in entry.Channels.Values)
                    producers.Remove(peer);
            }
            peer.Topics.Clear();
        }
    }

    /// <summary>A node was heard from.</summary>
    public void Touch(LookupPeer peer)
    {
        lock (_sync)
            peer.Touch(time);
    }

    /// <summary>A node has a topic, or a channel and with it the topic. What was registered already stays as it is, tombstone included.</summary>
    public void Register(LookupPeer peer, string topic, string? channel)
    {
        lock (_sync)
        {
            if (!_peers.ContainsKey(peer.Number))
                return;
            TopicEntry entry = Make(topic, channel);
            entry.Producers!.TryAdd(peer, null);
            if (channel is not null)
                entry.Channels[channel].Add(peer);
            peer.Topics.Add(topic);
        }
    }

    /// <summary>
    /// A node no longer has a channel, or a topic with all its channels. An ephemeral key that is left without producers goes,
    /// others stay listed.
    /// </summary>
    public void Unregister(LookupPeer peer, string topic, string? channel)
    {
        lock (_sync)
        {
            if (!peer.Topics.Contains(topic))
                return;
            TopicEntry entry = _topics[topic];
            // The broker of this process knows that what it deleted is gone; listed further, its channels would come back with the topic.
            if (channel is null)
            {
                foreach ((string name, HashSet<LookupPeer> producers) in entry.Channels.ToArray())
                {
                    if (producers.Remove(peer) && producers.Count == 0 && peer.IsLocal)
                        entry.Channels.Remove(name);
                }
                if (entry.Producers is { } left && left.Remove(peer) && left.Count == 0 && (peer.IsLocal || NsqName.IsEphemeral(topic)))
                    entry.Producers = null;
            }
            else if (entry.Channels.TryGetValue(channel, out HashSet<LookupPeer>? producers))
            {
                if (producers.Remove(peer) && producers.Count == 0 && (peer.IsLocal || NsqName.IsEphemeral(channel)))
                    entry.Channels.Remove(channel);
            }
            if (!Has(peer, entry))
                peer.Topics.Remove(topic);
            RemoveIfEmpty(topic, entry);
        }
    }

    /// <summary>Lists a topic, and a channel if one is named, without a producer.</summary>
    public void Create(string topic, string? channel)
    {
        lock (_sync)
            Make(topic, channel);
    }

    /// <summary>Forgets a topic and its channels, whoever has them. Nothing happens when there is none.</summary>
    public void DeleteTopic(string topic)
    {
        lock (_sync)
        {
            if (!_topics.Remove(topic, out TopicEntry? entry))
                return;
            foreach (LookupPeer peer in (IEnumerable<LookupPeer>?)entry.Producers?.Keys ?? [])
                peer.Topics.Remove(topic);
            foreach (LookupPeer peer in entry.Channels.Values.SelectMany(producers => producers))
                peer.Topics.Remove(topic);
        }
    }

    /// <summary>Forgets a channel, whoever has it.</summary>
    /// <returns>False when there is none.</returns>
    public bool DeleteChannel(string topic, string channel)
    {
        lock (_sync)
        {
            if (!_topics.TryGetValue(topic, out TopicEntry? entry) || !entry.Channels.Remove(channel, out HashSet<LookupPeer>? producers))
                return false;
            foreach (LookupPeer peer in producers)
            {
                if (!Has(peer, entry))
                    peer.Topics.Remove(topic);
            }
            RemoveIfEmpty(topic, entry);
            return true;
        }
    }

    /// <summary>Hides the producers of a topic that are called <c>&lt;broadcast address&gt;:&lt;HTTP port&gt;</c> for the tombstone's lifetime.</summary>
    public void Tombstone(string topic, string node)
    {
        lock (_sync)
        {
            if (!_topics.TryGetValue(topic, out TopicEntry? entry) || entry.Producers is not { } producers)
                return;
            foreach (LookupPeer peer in producers.Keys.Where(peer => peer.NodeName == node).ToArray())
                producers[peer] = time.GetTimestamp();
        }
    }

    /// <summary>Whether a tombstone hides the producers of a topic that are called <c>&lt;broadcast address&gt;:&lt;HTTP port&gt;</c>.</summary>
    public bool IsTombstoned(string topic, string node)
    {
        lock (_sync)
        {
            return _topics.TryGetValue(topic, out TopicEntry? entry)
                && entry.Producers is { } producers
                && producers.Any(producer => producer.Key.NodeName == node && IsHidden(producer.Value));
        }
    }

    /// <summary>Names of all topics that are listed.</summary>
    public TopicList ListTopics()
    {
        lock (_sync)
            return new TopicList([.. _topics.Where(topic => topic.Value.Producers is not null).Select(topic => topic.Key)]);
    }

    /// <summary>Names of a topic's channels; none for an unknown topic.</summary>
    public ChannelList ListChannels(string topic)
    {
        lock (_sync)
            return new ChannelList(_topics.TryGetValue(topic, out TopicEntry? entry) ? [.. entry.Channels.Keys] : []);
    }

    /// <summary>
    /// Names of a topic's channels but for those that only this process has: what other nodes have or left behind, and what was made
    /// over HTTP.
    /// </summary>
    public IReadOnlyList<string> ListChannelsElsewhere(string topic)
    {
        lock (_sync)
        {
            return _topics.TryGetValue(topic, out TopicEntry? entry)
                ? [.. entry.Channels.Where(channel => channel.Value.Count == 0 || channel.Value.Any(peer => !peer.IsLocal)).Select(channel => channel.Key)]
                : [];
        }
    }

    /// <summary>Where a topic is to be had; null when it is not listed.</summary>
    public TopicProducers? Find(string topic)
    {
        lock (_sync)
        {
            if (!_topics.TryGetValue(topic, out TopicEntry? entry) || entry.Producers is not { } producers)
                return null;
            IEnumerable<LookupPeer> found = producers
                .Where(producer => IsActive(producer.Key) && !IsHidden(producer.Value) && !IsTwin(producer.Key))
                .Select(producer => producer.Key)
                .OrderBy(peer => peer.Number);
            return new TopicProducers([.. entry.Channels.Keys], [.. found.Select(peer => peer.ToProducer())]);
        }
    }

    /// <summary>The active nodes with their topics.</summary>
    public NodeList ListNodes()
    {
        lock (_sync)
            return new NodeList([.. _peers.Values.Where(peer => IsActive(peer) && !IsTwin(peer)).Select(Describe)]);
    }

    /// <summary>Every key that has producers, as <c>category:key:subkey</c>, with what is known of them.</summary>
    public SortedDictionary<string, List<RegistrationDetail>> Dump()
    {
        SortedDictionary<string, List<RegistrationDetail>> keys = new(StringComparer.Ordinal);
        lock (_sync)
        {
            Note("client::", _peers.Values.Select(peer => (peer, (long?)null)));
            foreach ((string topic, TopicEntry entry) in _topics)
            {
                Note($"topic:{topic}:", entry.Producers?.Select(producer => (producer.Key, producer.Value)) ?? []);
                foreach ((string channel, HashSet<LookupPeer> producers) in entry.Channels)
                    Note($"channel:{topic}:{channel}", producers.Select(peer => (peer, (long?)null)));
            }
        }
        return keys;

        void Note(string key, IEnumerable<(LookupPeer Peer, long? TombstonedAt)> producers)
        {
            List<RegistrationDetail> details = [.. producers.OrderBy(p => p.Peer.Number).Select(p => Detail(p.Peer, p.TombstonedAt))];
            if (details.Count > 0)
                keys.Add(key, details);
        }
    }

    private static bool Has(LookupPeer peer, TopicEntry entry) =>
        entry.Producers?.ContainsKey(peer) == true || entry.Channels.Values.Any(producers => producers.Contains(peer));

    private TopicEntry Make(string topic, string? channel)
    {
        if (!_topics.TryGetValue(topic, out TopicEntry? entry))
            _topics.Add(topic, entry = new TopicEntry());
        entry.Producers ??= [];
        if (channel is not null)
            entry.Channels.TryAdd(channel, []);
        return entry;
    }

    private void RemoveIfEmpty(string topic, TopicEntry entry)
    {
        if (entry.IsEmpty)
            _topics.Remove(topic);
    }

    private bool IsActive(LookupPeer peer) => peer.IsLocal || time.GetElapsedTime(peer.LastSeen) <= options.InactiveProducerTimeout;

    // What this process knows of a node counts for nothing once the node tells of itself.
    private bool IsTwin(LookupPeer peer) =>
        peer.IsLocal && _peers.Values.Any(other => !other.IsLocal && IsActive(other) && other.NodeName == peer.NodeName && other.Info.TcpPort == peer.Info.TcpPort);

    private bool IsHidden(long? tombstonedAt) => tombstonedAt is { } at && time.GetElapsedTime(at) < options.TombstoneLifetime;

    private Node Describe(LookupPeer peer)
    {
        (string Topic, long? TombstonedAt)[] topics = [.. peer.Topics
            .Where(topic => _topics[topic].Producers?.ContainsKey(peer) == true)
            .Select(topic => (topic, _topics[topic].Producers![peer]))];
        Producer producer = peer.ToProducer();
        return new Node
        {
            RemoteAddress = producer.RemoteAddress,
            Hostname = producer.Hostname,
            BroadcastAddress = producer.BroadcastAddress,
            TcpPort = producer.TcpPort,
            HttpPort = producer.HttpPort,
            Version = producer.Version,
            TopologyZone = producer.TopologyZone,
            TopologyRegion = producer.TopologyRegion,
            Tombstones = [.. topics.Select(topic => IsHidden(topic.TombstonedAt))],
            Topics = [.. topics.Select(topic => topic.Topic)],
        };
    }

    private RegistrationDetail Detail(LookupPeer peer, long? tombstonedAt)
    {
        Producer producer = peer.ToProducer();
        return new RegistrationDetail
        {
            Id = producer.RemoteAddress,
            Hostname = producer.Hostname,
            BroadcastAddress = producer.BroadcastAddress,
            TcpPort = producer.TcpPort,
            HttpPort = producer.HttpPort,
            Version = producer.Version,
            TopologyZone = producer.TopologyZone,
            TopologyRegion = producer.TopologyRegion,
            LastUpdate = UnixNanoseconds(peer.LastUpdate),
            Tombstoned = tombstonedAt is not null,
            TombstonedAt = tombstonedAt is { } at ? UnixNanoseconds(time.GetUtcNow() - time.GetElapsedTime(at)) : 0,
        };
    }

    private static long UnixNanoseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
}
