using Broker.Events;
using Broker.Gateways;
using Broker.Storage;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>
/// The index of topics and their channels: what the store lists, and what topics have told since. The ephemeral ones of a
/// store that is gone live only here. Each gateway that lives is told what changes.
/// </summary>
[Reentrant, KeepAlive]
public sealed class DirectoryGrain : Grain, IDirectoryGrain
{
    private readonly TopicStores _stores;
    private readonly TimeProvider _time;
    private readonly ILogger<DirectoryGrain> _log;
    private readonly IEventStream? _events;
    private readonly SortedDictionary<string, string[]> _topics = new(StringComparer.Ordinal);
    private readonly HashSet<string> _removedWhileLoading = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, (GatewayNode Node, long Since)> _gateways = new(StringComparer.Ordinal);
    private readonly SingleRun _loading = new();
    private bool _loaded;

    /// <summary>Activated by the silo.</summary>
    /// <param name="context">What Orleans knows of the activation.</param>
    /// <param name="stores">What lists the topics at the beginning.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <param name="events">Who hears of changes beside the gateways; null for nobody.</param>
    public DirectoryGrain(IGrainContext context, TopicStores stores, TimeProvider time, ILogger<DirectoryGrain> log, IEventStream? events = null)
        : base(context)
    {
        _stores = stores;
        _time = time;
        _log = log;
        _events = events;
    }

    /// <inheritdoc/>
    public ValueTask SetTopicAsync(string topic, string[] channels)
    {
        string[]? before = _topics.GetValueOrDefault(topic);
        _topics[topic] = channels;
        _removedWhileLoading.Remove(topic);
        if (before is null)
            Tell(new BrokerEvent(BrokerEventKind.TopicCreated, topic));
        foreach (string channel in channels.Except(before ?? []))
            Tell(new BrokerEvent(BrokerEventKind.ChannelCreated, topic, channel));
        foreach (string channel in (before ?? []).Except(channels))
            Tell(new BrokerEvent(BrokerEventKind.ChannelDeleted, topic, channel));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveTopicAsync(string topic)
    {
        _topics.Remove(topic);
        if (_loading.UnderWay is not null)
            _removedWhileLoading.Add(topic);
        Tell(new BrokerEvent(BrokerEventKind.TopicDeleted, topic));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public async ValueTask<string[]> TopicsAsync()
    {
        await LoadAsync();
        return [.. _topics.Keys];
    }

    /// <inheritdoc/>
    public async ValueTask<TopicChannels[]> TopologyAsync(string[]? topics)
    {
        await LoadAsync();
        return topics is null
            ? [.. _topics.Select(topic => new TopicChannels(topic.Key, topic.Value))]
            : [.. topics.Select(topic => new TopicChannels(topic, _topics.GetValueOrDefault(topic)))];
    }

    /// <inheritdoc/>
    public ValueTask NotePausedAsync(string topic, string channel, bool paused)
    {
        BrokerEventKind kind = (channel.Length == 0, paused) switch
        {
            (true, true) => BrokerEventKind.TopicPaused,
            (true, false) => BrokerEventKind.TopicResumed,
            (false, true) => BrokerEventKind.ChannelPaused,
            (false, false) => BrokerEventKind.ChannelResumed,
        };
        Tell(new BrokerEvent(kind, topic, channel));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<GatewayNode[]> RenewGatewayAsync(GatewayNode gateway)
    {
        bool isNew = !_gateways.ContainsKey(gateway.Id);
        _gateways[gateway.Id] = (gateway, _time.GetTimestamp());
        if (isNew)
            Tell(new BrokerEvent(BrokerEventKind.NodeJoined, Node: gateway.Id));
        foreach ((string id, (_, long since)) in _gateways.ToArray())
        {
            if (_time.GetElapsedTime(since) > GatewayNode.Lifetime)
                RemoveGateway(id);
        }
        return new([.. _gateways.Values.Select(static known => known.Node)]);
    }

    /// <inheritdoc/>
    public ValueTask RemoveGatewayAsync(string id)
    {
        RemoveGateway(id);
        return ValueTask.CompletedTask;
    }

    private void RemoveGateway(string id)
    {
        if (_gateways.Remove(id))
            Tell(new BrokerEvent(BrokerEventKind.NodeLeft, Node: id));
    }

    // A hint that nobody answers: who misses it finds out by looking.
    private void Tell(BrokerEvent happened)
    {
        foreach ((GatewayNode gateway, _) in _gateways.Values)
            gateway.Observer?.Happened(happened);
        _events?.Publish(happened);
    }

    private Task LoadAsync() => _loaded ? Task.CompletedTask : _loading.JoinAsync(LoadFromStoreAsync);

    // Topics that are opened meanwhile tell for themselves, and know better.
    private async Task LoadFromStoreAsync()
    {
        foreach (IMessageStore store in _stores.All)
        {
            foreach (string topic in await store.ListTopicsAsync())
            {
                if (_topics.ContainsKey(topic))
                    continue;
                string[] channels = await ListChannelsAsync(store, topic);
                if (!_removedWhileLoading.Contains(topic))
                    _topics.TryAdd(topic, channels);
            }
        }
        _loaded = true;
        _removedWhileLoading.Clear();
    }

    private async ValueTask<string[]> ListChannelsAsync(IMessageStore store, string topic)
    {
        try
        {
            return [.. await store.ListChannelsAsync(topic)];
        }
        catch (StoreException e)
        {
            // One damaged record is no reason to know nothing of all other topics.
            _log.ChannelsUnreadable(topic, e.Message);
            return [];
        }
    }
}
