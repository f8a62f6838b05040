using Broker.Topics;
using Orleans;
using Orleans.Concurrency;

namespace Broker.Grains.Topics;

/// <summary>The index of topics: what the store lists, and the ephemeral ones, which live only here.</summary>
[Reentrant]
public sealed class DirectoryGrain : Grain, IDirectoryGrain
{
    private readonly GrainServices _services;
    private readonly SortedSet<string> _topics = new(StringComparer.Ordinal);
    private Task? _loading;
    private bool _loaded;

    /// <summary>Made by the grain host.</summary>
    public DirectoryGrain(GrainServices services) => _services = services;

    /// <inheritdoc/>
    public async ValueTask AddTopicAsync(string topic)
    {
        await LoadAsync();
        _topics.Add(topic);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveTopicAsync(string topic)
    {
        await LoadAsync();
        _topics.Remove(topic);
    }

    /// <inheritdoc/>
    public async ValueTask<string[]> TopicsAsync()
    {
        await LoadAsync();
        return [.. _topics];
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

    private async Task LoadFromStoreAsync()
    {
        foreach (string topic in await _services.Durable.ListTopicsAsync())
            _topics.Add(topic);
        foreach (string topic in await _services.Ephemeral.ListTopicsAsync())
            _topics.Add(topic);
        _loaded = true;
    }
}
