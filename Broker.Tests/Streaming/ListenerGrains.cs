using Orleans;
using Orleans.Runtime;
using Orleans.Streams;
using Orleans.Streams.Core;

namespace Broker.Tests.Streaming;

/// <summary>A grain that subscribes by a call, and again to what it is subscribed to whenever it is activated.</summary>
public interface IListenerGrain : IGrainWithStringKey
{
    Task SubscribeAsync(string provider, string streamNamespace, string key);

    Task UnsubscribeAsync();

    Task DeactivateAsync();
}

/// <summary>A grain that produces.</summary>
public interface IProducerGrain : IGrainWithStringKey
{
    Task ProduceAsync(string provider, string streamNamespace, string key, int first, int count);
}

/// <summary>Subscribed by its attribute to every stream of <see cref="Namespace"/>.</summary>
[ImplicitStreamSubscription(Namespace)]
public sealed class ImplicitListenerGrain(StreamRecord record) : Grain, IGrainWithStringKey, IStreamSubscriptionObserver, IAsyncObserver<int>
{
    public const string Namespace = "implicit";

    public async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => await handleFactory.Create<int>().ResumeAsync(this);

    public Task OnNextAsync(int item, StreamSequenceToken? token = null) => record.AddAsync($"implicit/{this.GetPrimaryKeyString()}", item);

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;
}

public sealed class ListenerGrain(StreamRecord record, [PersistentState("listener", "PubSubStore")] IPersistentState<ListenerState> state) : Grain, IListenerGrain, IAsyncObserver<int>
{
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (state.State.Handle is { } handle) state.State.Handle = await handle.ResumeAsync(this);
    }

    public async Task SubscribeAsync(string provider, string streamNamespace, string key)
    {
        state.State.Handle = await this.GetStreamProvider(provider).GetStream<int>(StreamId.Create(streamNamespace, key)).SubscribeAsync(this);
        await state.WriteStateAsync();
    }

    public async Task UnsubscribeAsync()
    {
        if (state.State.Handle is { } handle) await handle.UnsubscribeAsync();
        state.State.Handle = null;
        await state.WriteStateAsync();
    }

    public Task DeactivateAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task OnNextAsync(int item, StreamSequenceToken? token = null) => record.AddAsync(this.GetPrimaryKeyString(), item);

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;
}

[GenerateSerializer]
public sealed class ListenerState
{
    [Id(0)]
    public StreamSubscriptionHandle<int>? Handle { get; set; }
}

public sealed class ProducerGrain : Grain, IProducerGrain
{
    public async Task ProduceAsync(string provider, string streamNamespace, string key, int first, int count)
    {
        IAsyncStream<int> stream = this.GetStreamProvider(provider).GetStream<int>(StreamId.Create(streamNamespace, key));
        for (int i = first; i < first + count; i++) await stream.OnNextAsync(i);
    }
}
