using System.Collections.Concurrent;

namespace Broker.Gateways;

/// <summary>The gateways of this process: channels deliver to them without a call.</summary>
public sealed class LocalGateways
{
    private readonly ConcurrentDictionary<string, IGatewayObserver> _observers = new(StringComparer.Ordinal);

    /// <summary>A gateway begins.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="observer">What is told what a channel has for it, by the channel's turn; it must not wait, nor call a grain.</param>
    public void Add(string id, IGatewayObserver observer) => _observers[id] = observer;

    /// <summary>A gateway ends.</summary>
    public void Remove(string id) => _observers.TryRemove(id, out _);

    /// <summary>The gateway with this id; null when it is in another process.</summary>
    public IGatewayObserver? Find(string id) => _observers.GetValueOrDefault(id);
}
