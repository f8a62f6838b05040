using Orleans.Streams;

namespace Broker.Orleans.Embedded;

/// <summary>A delegate as an observer.</summary>
internal sealed class DelegateObserver<T>(Func<T, StreamSequenceToken?, Task> onNext) : IAsyncObserver<T>
{
    public Task OnNextAsync(T item, StreamSequenceToken? token = null) => onNext(item, token);

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;
}
