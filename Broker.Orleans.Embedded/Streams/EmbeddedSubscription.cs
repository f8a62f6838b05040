using Orleans.Streams;

namespace Broker.Orleans.Embedded;

/// <summary>One subscription to a stream, and the object that the host calls for it.</summary>
internal sealed class EmbeddedSubscription<T>(EmbeddedStream<T> stream, IAsyncObserver<T> observer) : StreamSubscriptionHandle<T>, IStreamSubscriber
{
    public override Guid HandleId { get; } = Guid.NewGuid();

    public Task OnNextAsync(object item) => observer.OnNextAsync((T)item);

    public override Task UnsubscribeAsync()
    {
        stream.Remove(this);
        return Task.CompletedTask;
    }
}
