using Broker.Orleans.Embedded;

namespace Orleans.Streams;

/// <summary>Subscribes delegates.</summary>
public static class AsyncObservableExtensions
{
    /// <summary>Has a delegate get every item from now on.</summary>
    public static Task<StreamSubscriptionHandle<T>> SubscribeAsync<T>(this IAsyncObservable<T> obs, Func<T, StreamSequenceToken?, Task> onNextAsync)
    {
        ArgumentNullException.ThrowIfNull(obs);
        ArgumentNullException.ThrowIfNull(onNextAsync);
        return obs.SubscribeAsync(new DelegateObserver<T>(onNextAsync));
    }
}
