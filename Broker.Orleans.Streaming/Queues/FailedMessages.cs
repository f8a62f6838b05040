using Broker.Client;
using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>Brings failed messages to their end, by the options' policy.</summary>
internal sealed class FailedMessages(BrokerStreamOptions options, string deadLetterTopic, NsqProducer? producer, ILogger logger)
{
    /// <summary>Ends a message. What cannot be published as a dead letter now comes again later, rather than being lost.</summary>
    /// <param name="message">The message.</param>
    /// <param name="topic">Its topic.</param>
    /// <param name="reason">What was wrong.</param>
    /// <param name="answering">Called before it is answered: it may come again at once then.</param>
    public async Task EndAsync(HeldMessage message, string topic, string reason, Action<HeldMessage> answering)
    {
        NsqMessage delivery = message.Delivery;
        FailedEventPolicy policy = options.FailedEvents;
        if (policy == FailedEventPolicy.Requeue && options.MaxAttempts > 0 && delivery.Attempts >= options.MaxAttempts) policy = FailedEventPolicy.DeadLetter;
        switch (policy)
        {
            case FailedEventPolicy.Drop:
                StreamLog.Dropped(logger, delivery.Id, topic, reason);
                answering(message);
                End(message, topic, "dropped");
                break;
            case FailedEventPolicy.Requeue:
                StreamLog.Requeued(logger, delivery.Id, topic, options.RequeueDelay, reason);
                answering(message);
                Requeue(message, topic);
                break;
            default:
                try
                {
                    await producer!.PublishAsync(deadLetterTopic, delivery.Body).ConfigureAwait(false);
                }
                catch (Exception e) when (e is NsqException or ObjectDisposedException)
                {
                    StreamLog.DeadLetterFailed(logger, delivery.Id, topic, deadLetterTopic, e.Message);
                    answering(message);
                    Requeue(message, topic);
                    break;
                }
                StreamLog.DeadLettered(logger, delivery.Id, topic, deadLetterTopic, reason);
                answering(message);
                End(message, topic, "dead-lettered");
                break;
        }
    }

    private static void End(HeldMessage message, string topic, string outcome)
    {
        message.Delivery.Finish();
        StreamTelemetry.Count(topic, outcome);
    }

    private void Requeue(HeldMessage message, string topic)
    {
        message.Delivery.Requeue(options.RequeueDelay);
        StreamTelemetry.Count(topic, "requeued");
    }
}
