namespace Orleans.Streams;

/// <summary>What can be subscribed to.</summary>
public interface IAsyncObservable<T>
{
    /// <summary>Has an observer get every item from now on.</summary>
    Task<StreamSubscriptionHandle<T>> SubscribeAsync(IAsyncObserver<T> observer);
}
