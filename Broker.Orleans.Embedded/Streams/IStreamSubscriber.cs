using Orleans;

namespace Broker.Orleans.Embedded;

/// <summary>A subscriber as the host calls it: as an observer, one item after the other and never on the thread of who publishes.</summary>
public interface IStreamSubscriber : IGrainObserver
{
    /// <summary>An item.</summary>
    Task OnNextAsync(object item);
}
