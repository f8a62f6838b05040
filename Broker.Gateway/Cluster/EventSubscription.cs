using Broker.Events;
using Broker.Serving.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Streams;

namespace Broker.Gateway.Cluster;

/// <summary>
/// Keeps the <see cref="EventFeed"/> subscribed. Where the subscription was kept may have died with its node, so that it is made anew
/// every <see cref="RenewPeriod"/>; between the two some events may come twice.
/// </summary>
/// <param name="client">Where the stream is found.</param>
/// <param name="feed">Gets the events.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
public sealed class EventSubscription(IClusterClient client, EventFeed feed, TimeProvider time, ILogger<EventSubscription> logger) : ServiceAfterStart(logger)
{
    /// <summary>How often the subscription is made anew.</summary>
    public static readonly TimeSpan RenewPeriod = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken cancellation)
    {
        StreamSubscriptionHandle<BrokerEvent>? current = null;
        while (!cancellation.IsCancellationRequested)
        {
            TimeSpan pause = RenewPeriod;
            try
            {
                StreamSubscriptionHandle<BrokerEvent> next =
                    await EventStream.Of(client.GetStreamProvider(EventStream.Provider)).SubscribeAsync(TakeAsync);
                StreamSubscriptionHandle<BrokerEvent>? last = current;
                current = next;
                if (last is not null)
                    await last.UnsubscribeAsync();
            }
            catch (Exception e)
            {
                logger.EventsUnknown(e.Message);
                pause = RetryDelay;
            }

            await Task.Delay(pause, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.ContinueOnCapturedContext | ConfigureAwaitOptions.SuppressThrowing);
        }

        await LeaveAsync(current);
    }

    private async Task LeaveAsync(StreamSubscriptionHandle<BrokerEvent>? current)
    {
        if (current is null)
            return;
        try
        {
            await current.UnsubscribeAsync().WaitAsync(RetryDelay, time);
        }
        catch (Exception e)
        {
            // Nobody is there to take it back from: it ends with the next node that keeps it.
            logger.EventsUnknown(e.Message);
        }
    }

    private Task TakeAsync(BrokerEvent happened, StreamSequenceToken? token)
    {
        feed.Take(happened);
        return Task.CompletedTask;
    }
}
