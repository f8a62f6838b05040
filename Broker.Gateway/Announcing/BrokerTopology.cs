using Broker.Events;
using Broker.Gateway.Events;
using Broker.Serving.Hosting;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Broker.Gateway.Announcing;

/// <summary>
/// The topics and channels of this broker: asks the directory at every event, and for a listing of all when events
/// begin and every <see cref="ListingPeriod"/> in case one was lost. For those who announce them.
/// </summary>
public sealed class BrokerTopology : ServiceAfterStart
{
    /// <summary>How often everything is listed.</summary>
    public static readonly TimeSpan ListingPeriod = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private readonly IGrainFactory _grains;
    private readonly TimeProvider _time;
    private readonly ILogger<BrokerTopology> _logger;
    private readonly SortedDictionary<string, string[]> _topics = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _hints = new(StringComparer.Ordinal);
    private readonly WakeUp _wake = new();
    private Action<string>? _listeners;
    private volatile bool _isListed;

    /// <param name="grains">Where the directory is found.</param>
    /// <param name="events">Tell what has changed.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public BrokerTopology(IGrainFactory grains, EventFeed events, TimeProvider time, ILogger<BrokerTopology> logger)
        : base(logger)
    {
        _grains = grains;
        _time = time;
        _logger = logger;
        events.Received += Take;
        events.Began += ListAgain;
    }

    /// <summary>Names of the topics, ordered (ordinal).</summary>
    public IReadOnlyList<string> Topics
    {
        get
        {
            lock (_sync)
                return [.. _topics.Keys];
        }
    }

    /// <summary>Names of a topic's channels, ordered (ordinal); null when there is no such topic.</summary>
    public IReadOnlyList<string>? FindChannels(string topic)
    {
        lock (_sync)
            return _topics.GetValueOrDefault(topic);
    }

    /// <summary>
    /// Has <paramref name="changed"/> called with the name of every topic that is there, and from now on of every topic that comes or
    /// goes or whose channels do. Calls come one at a time; they must not wait.
    /// </summary>
    public void Subscribe(Action<string> changed)
    {
        lock (_sync)
        {
            foreach (string topic in _topics.Keys)
                changed(topic);
            _listeners += changed;
        }
    }

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        IDirectoryGrain directory = _grains.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key);
        try
        {
            await using ITimer listing = _time.CreateTimer(_ => _wake.Set(), null, ListingPeriod, ListingPeriod);
            long listed = 0;
            while (true)
            {
                try
                {
                    if (!_isListed || _time.GetElapsedTime(listed) >= ListingPeriod)
                    {
                        listed = _time.GetTimestamp();
                        _isListed = true;
                        Take(await directory.TopologyAsync(null), isAll: true);
                    }
                    else if (TakeHints() is { Length: > 0 } hints)
                    {
                        Take(await directory.TopologyAsync(hints), isAll: false);
                    }
                    await _wake.WaitAsync(cancellation);
                }
                catch (Exception e) when (!cancellation.IsCancellationRequested)
                {
                    // A grain that does not answer, or a store that cannot be read: what was missed shows in the listing to come.
                    _logger.TopologyUnknown(e);
                    _isListed = false;
                    await Task.Delay(RetryDelay, _time, cancellation);
                }
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    /// <summary>Has <paramref name="read"/> called with every topic and its channels; no change is told meanwhile.</summary>
    internal void Read(Action<IReadOnlyDictionary<string, string[]>> read)
    {
        lock (_sync)
            read(_topics);
    }

    private void ListAgain()
    {
        _isListed = false;
        _wake.Set();
    }

    private void Take(BrokerEvent happened)
    {
        if (happened.Topic.Length == 0)
            return;
        lock (_sync)
            _hints.Add(happened.Topic);
        _wake.Set();
    }

    private string[] TakeHints()
    {
        lock (_sync)
        {
            string[] hints = [.. _hints];
            _hints.Clear();
            return hints;
        }
    }

    private void Take(TopicChannels[] found, bool isAll)
    {
        lock (_sync)
        {
            foreach ((string topic, string[]? channels) in found)
                Take(topic, channels);
            if (!isAll)
                return;
            HashSet<string> there = [.. found.Select(topic => topic.Topic)];
            foreach (string gone in _topics.Keys.Where(topic => !there.Contains(topic)).ToArray())
                Take(gone, null);
        }
    }

    private void Take(string topic, string[]? channels)
    {
        string[]? before = _topics.GetValueOrDefault(topic);
        if (channels is null)
            _topics.Remove(topic);
        else
            _topics[topic] = channels;
        if (channels is null ? before is not null : before is null || !before.AsSpan().SequenceEqual(channels))
            _listeners?.Invoke(topic);
    }
}
