using Orleans.Streams;
using Orleans.Streams.Core;

namespace Samples.OrleansStreams;

/// <summary>Handles the orders of a customer: there is one for each stream of the namespace.</summary>
[ImplicitStreamSubscription("orders")]
internal sealed partial class CustomerGrain(ILogger<CustomerGrain> logger) : Grain, IGrainWithStringKey, IStreamSubscriptionObserver, IAsyncObserver<Order>
{
    public async Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => await handleFactory.Create<Order>().ResumeAsync(this);

    public Task OnNextAsync(Order item, StreamSequenceToken? token = null)
    {
        LogOrdered(this.GetPrimaryKeyString(), item.Item);
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex)
    {
        LogFailed(ex, this.GetPrimaryKeyString());
        return Task.CompletedTask;
    }

    [LoggerMessage(LogLevel.Information, "{Customer} ordered {Item}")]
    private partial void LogOrdered(string customer, string item);

    [LoggerMessage(LogLevel.Error, "an order of {Customer} was given up")]
    private partial void LogFailed(Exception cause, string customer);
}
