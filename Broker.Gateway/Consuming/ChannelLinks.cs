using System.Collections.Concurrent;
using Broker.Channels;
using Broker.Gateway.Events;
using Broker.Gateway.Timing;
using Broker.Gateways;
using Broker.Policies;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Broker.Gateway.Consuming;

/// <summary>The one link to each channel that this gateway has consumers of, and the consumers, which channels know by number.</summary>
internal sealed class ChannelLinks : WheelEntry, IDisposable
{
    private const long Interval = 30_000;

    // Longer than a channel remembers a gateway that it hears nothing of (QueueOptions.GatewayTimeout), and with it the
    // last batch number: a new link counts from 1.
    private static readonly TimeSpan LinkAge = TimeSpan.FromMinutes(1);

    private readonly Lock _sync = new();
    private readonly Dictionary<(string ChannelKey, long Incarnation), ChannelLink> _links = [];
    private readonly ConcurrentDictionary<int, Consumer> _consumers = new();
    private readonly GatewayObserver _observer;
    private readonly LocalGateways _locals;
    private IGatewayObserver? _observerReference;

    /// <param name="id">The gateway's id, unique to each start.</param>
    /// <param name="grains">Where channels are found.</param>
    /// <param name="locals">Where channels of this process find this gateway.</param>
    /// <param name="options">Limits.</param>
    /// <param name="events">Passes on what the directory tells.</param>
    /// <param name="wheel">Calls when something is due.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="random">What pauses between tries are shortened by; null for the process's own.</param>
    public ChannelLinks(
        string id,
        IGrainFactory grains,
        LocalGateways locals,
        GatewayOptions options,
        EventFeed events,
        TimerWheel wheel,
        TimeProvider time,
        ILogger logger,
        Random? random = null)
    {
        Id = id;
        Grains = grains;
        Options = options;
        Wheel = wheel;
        Time = time;
        Logger = logger;
        Random = random ?? Random.Shared;
        _observer = new GatewayObserver(this, events);
        _locals = locals;
        locals.Add(id, _observer);
    }

    /// <summary>The gateway's id.</summary>
    public string Id { get; }

    public IGrainFactory Grains { get; }

    public GatewayOptions Options { get; }

    public TimerWheel Wheel { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    public Random Random { get; }

    /// <summary>The reference that channels and the directory call; made when it is first asked for.</summary>
    public IGatewayObserver Observer
    {
        get
        {
            lock (_sync)
                return _observerReference ??= Grains.CreateObjectReference<IGatewayObserver>(_observer);
        }
    }

    /// <summary>The link to a making of a channel.</summary>
    public ChannelLink LinkTo(string channelKey, long incarnation)
    {
        lock (_sync)
        {
            if (!_links.TryGetValue((channelKey, incarnation), out ChannelLink? link))
            {
                link = new ChannelLink(this, channelKey, incarnation);
                _links.Add((channelKey, incarnation), link);
                Schedule();
            }
            link.Use();
            return link;
        }
    }

    /// <summary>The link to a making of a channel; null when there is none.</summary>
    public ChannelLink? FindLink(string channelKey, long incarnation)
    {
        lock (_sync)
            return _links.GetValueOrDefault((channelKey, incarnation));
    }

    /// <summary>The channel is gone.</summary>
    public void Remove(ChannelLink link)
    {
        lock (_sync)
            _links.Remove((link.ChannelKey, link.Incarnation));
    }

    /// <summary>
    /// A silo has gone: the channels that it had are elsewhere, and hear from this gateway at once what is in flight, instead of at the next sign of
    /// life.
    /// </summary>
    public void Knock()
    {
        ChannelLink[] links;
        lock (_sync)
            links = [.. _links.Values];
        foreach (ChannelLink link in links)
            link.Knock();
    }

    /// <summary>The consumer of this number; null when it is gone.</summary>
    public Consumer? FindConsumer(int number) => _consumers.GetValueOrDefault(number);

    /// <summary>A consumer comes.</summary>
    public void Add(Consumer consumer) => _consumers[consumer.Number] = consumer;

    /// <summary>A consumer is gone.</summary>
    public void Remove(Consumer consumer) => _consumers.TryRemove(consumer.Number, out _);

    /// <inheritdoc/>
    public void Dispose()
    {
        _locals.Remove(Id);
        lock (_sync)
        {
            if (_observerReference is not null)
                Grains.DeleteObjectReference<IGatewayObserver>(_observerReference);
            _observerReference = null;
        }
    }

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        lock (_sync)
        {
            foreach (((string, long) key, ChannelLink link) in _links)
            {
                if (link.IsUnusedFor(LinkAge))
                    _links.Remove(key);
            }
            if (_links.Count > 0)
                Schedule();
        }
    }

    private void Schedule()
    {
        if (!IsLinked)
            Wheel.Schedule(this, Interval, coarse: true);
    }
}
