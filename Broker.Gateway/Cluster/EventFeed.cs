using Broker.Events;

namespace Broker.Gateway.Cluster;

/// <summary>Passes on, within this process, what comes over the <see cref="EventStream"/>.</summary>
public sealed class EventFeed
{
    /// <summary>An event. Called one after the other; must not wait.</summary>
    public event Action<BrokerEvent>? Received;

    /// <summary>An event came.</summary>
    public void Take(BrokerEvent happened) => Received?.Invoke(happened);
}
