using Orleans;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Orleans.Embedded;

/// <summary>A stream within this process. Nothing is kept: who subscribes later gets what is published later.</summary>
internal sealed class EmbeddedStream<T>(EmbeddedStreamProvider provider, StreamId id) : IAsyncStream<T>
{
    private readonly Lock _gate = new();
    private readonly List<(EmbeddedSubscription<T> Subscription, IStreamSubscriber Reference)> _subscriptions = [];

    public bool IsRewindable => false;

    public string ProviderName => provider.Name;

    public StreamId StreamId => id;

    public Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncObserver<T> observer)
    {
        ArgumentNullException.ThrowIfNull(observer);
        if (RuntimeContext.Current is not null)
            throw new NotSupportedException("Grains cannot subscribe to streams with the embedded engine; publish to them, and subscribe from outside.");
        EmbeddedSubscription<T> subscription = new(this, observer);
        IStreamSubscriber reference = provider.Grains.CreateObjectReference<IStreamSubscriber>(subscription);
        lock (_gate)
            _subscriptions.Add((subscription, reference));
        return Task.FromResult<StreamSubscriptionHandle<T>>(subscription);
    }

    public Task OnNextAsync(T item, StreamSequenceToken? token = null)
    {
        ArgumentNullException.ThrowIfNull(item);
        lock (_gate)
        {
            foreach ((_, IStreamSubscriber reference) in _subscriptions)
                _ = TellAsync(reference, item);
        }

        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex) => throw new NotSupportedException("Streams of the embedded engine carry items only.");

    public void Remove(EmbeddedSubscription<T> subscription)
    {
        lock (_gate)
        {
            int index = _subscriptions.FindIndex(one => one.Subscription == subscription);
            if (index < 0)
                return;
            provider.Grains.DeleteObjectReference<IStreamSubscriber>(_subscriptions[index].Reference);
            _subscriptions.RemoveAt(index);
        }
    }

    private async Task TellAsync(IStreamSubscriber reference, object item)
    {
        try
        {
            await reference.OnNextAsync(item);
        }
        catch (ClientNotAvailableException)
        {
            // It has unsubscribed meanwhile.
        }
        catch (Exception e)
        {
            provider.Log.SubscriberFailed(e, id.ToString());
        }
    }
}
