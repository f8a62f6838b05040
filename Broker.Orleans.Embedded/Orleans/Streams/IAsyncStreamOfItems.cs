namespace Orleans.Streams;

/// <summary>A stream: what is published goes to all who are subscribed at that time.</summary>
public interface IAsyncStream<T> : IAsyncStream, IAsyncObservable<T>, IAsyncObserver<T>
{
}
