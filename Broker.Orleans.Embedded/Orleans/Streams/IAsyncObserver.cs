namespace Orleans.Streams;

/// <summary>Takes what comes over a stream.</summary>
public interface IAsyncObserver<in T>
{
    /// <summary>An item; the next one waits until this one is done with.</summary>
    /// <param name="item">The item.</param>
    /// <param name="token">Its place in the stream; null where the provider knows none.</param>
    Task OnNextAsync(T item, StreamSequenceToken? token = null);

    /// <summary>No more items will come.</summary>
    Task OnCompletedAsync() => Task.CompletedTask;

    /// <summary>Something went wrong.</summary>
    Task OnErrorAsync(Exception ex);
}
