using Orleans;
using Orleans.Streams;
using Orleans.Streams.Core;

namespace Broker.Bench.Streams;

/// <summary>The subscriber of each stream of a run.</summary>
[ImplicitStreamSubscription(Namespace)]
internal sealed class EventHandlerGrain(HandledLog log) : Grain, IGrainWithStringKey, IStreamSubscriptionObserver, IAsyncObserver<StreamEvent>
{
    public const string Namespace = "events";

    public async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => await handleFactory.Create<StreamEvent>().ResumeAsync(this);

    public Task OnNextAsync(StreamEvent item, StreamSequenceToken? token = null)
    {
        log.Add(item);
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;
}
