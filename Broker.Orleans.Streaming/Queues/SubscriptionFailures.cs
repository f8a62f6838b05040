using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// Hears of what a subscription failed to handle, logs it, and tells the application's own handler: the <see cref="IStreamFailureHandler"/>
/// that is registered with the provider's name as its key. What becomes of the message is <see cref="FailedMessages"/>.
/// </summary>
internal sealed class SubscriptionFailures(bool faults, IStreamFailureHandler? application, ILogger logger) : IStreamFailureHandler
{
    public bool ShouldFaultSubsriptionOnError => application?.ShouldFaultSubsriptionOnError ?? faults;

    public Task OnDeliveryFailure(GuidId subscriptionId, string streamProviderName, StreamId streamIdentity, StreamSequenceToken? sequenceToken)
    {
        StreamLog.DeliveryFailed(logger, subscriptionId.Guid, streamIdentity.ToString(), (sequenceToken as BrokerSequenceToken)?.MessageId ?? "an event");
        return application?.OnDeliveryFailure(subscriptionId, streamProviderName, streamIdentity, sequenceToken) ?? Task.CompletedTask;
    }

    public Task OnSubscriptionFailure(GuidId subscriptionId, string streamProviderName, StreamId streamIdentity, StreamSequenceToken? sequenceToken)
    {
        StreamLog.SubscriptionFailed(logger, subscriptionId.Guid, streamIdentity.ToString());
        return application?.OnSubscriptionFailure(subscriptionId, streamProviderName, streamIdentity, sequenceToken) ?? Task.CompletedTask;
    }
}
