using Broker.Events;

namespace Broker.Gateway.Events;

/// <summary>Passes on, within this process, what the directory tells this gateway.</summary>
public sealed class EventFeed
{
    /// <summary>An event. Called one after the other; must not wait.</summary>
    public event Action<BrokerEvent>? Received;

    /// <summary>
    /// The directory has begun to tell, at the start or after it has moved: what happened until now is to be found by looking. Must not wait.
    /// </summary>
    public event Action? Began;

    /// <summary>From now on the directory tells.</summary>
    public void Begin() => Began?.Invoke();

    /// <summary>An event came.</summary>
    public void Take(BrokerEvent happened) => Received?.Invoke(happened);
}
