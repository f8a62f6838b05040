using Broker.Storage;
using Broker.Topics;
using Orleans;
using Orleans.Concurrency;

namespace Broker.Grains.Topics;

/// <summary>
/// The index of topics and their channels: what the store lists, and what topics have told since. The ephemeral ones of a
/// store that is gone live only here.
/// </summary>
[Reentrant]
public sealed class DirectoryGrain : Grain, IDirectoryGrain
{
    private static readonly TimeSpan ObserverAge = TimeSpan.FromMinutes(2);

    private readonly GrainServices _services;
    private readonly SortedDictionary<string, string[]> _topics = new(StringComparer.Ordinal);
    private readonly HashSet<string> _removedWhileLoading = new(StringComparer.Ordinal);
    // A list, for the order in which observers are told: that of a hash table differs from run to run.
    private readonly List<(ITopologyObserver Observer, long Since)> _observers = [];
    private Task? _loading;
    private bool _loaded;

    /// <summary>Made by the grain host.</summary>
    public DirectoryGrain(GrainServices services) => _services = services;

    /// <inheritdoc/>
    public ValueTask SetTopicAsync(string topic, string[] channels)
    {
        _topics[topic] = channels;
        _removedWhileLoading.Remove(topic);
        Tell(topic);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RemoveTopicAsync(string topic)
    {
        _topics.Remove(topic);
        if (_loading is not null)
            _removedWhileLoading.Add(topic);
        Tell(topic);
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
    public ValueTask SubscribeAsync(ITopologyObserver observer)
    {
        _observers.RemoveAll(known => known.Observer.Equals(observer));
        _observers.Add((observer, _services.Time.GetTimestamp()));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask UnsubscribeAsync(ITopologyObserver observer)
    {
        _observers.RemoveAll(known => known.Observer.Equals(observer));
        return ValueTask.CompletedTask;
    }

    private void Tell(string topic)
    {
        _observers.RemoveAll(known => _services.Time.GetElapsedTime(known.Since) > ObserverAge);
        foreach ((ITopologyObserver observer, _) in _observers)
            observer.Changed(topic);
    }

    private async Task LoadAsync()
    {
        if (_loaded)
            return;
        try
        {
            await (_loading ??= LoadFromStoreAsync());
        }
        finally
        {
            _loading = null;
        }
    }

    // Topics that are opened meanwhile tell for themselves, and know better.
    private async Task LoadFromStoreAsync()
    {
        foreach (IMessageStore store in (IMessageStore[])[_services.Durable, _services.Ephemeral])
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
            _services.Log.ChannelsUnreadable(topic, e.Message);
            return [];
        }
    }
}
