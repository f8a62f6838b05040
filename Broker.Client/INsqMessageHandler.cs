namespace Broker.Client;

/// <summary>What a consumer does with its messages.</summary>
public interface INsqMessageHandler
{
    /// <summary>
    /// Handles a message. When it returns, the message is finished; when it throws, it is requeued and the consumer backs
    /// off. Both only if it was not answered by hand and <see cref="NsqConsumerOptions.AutoRespond"/> is on.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="cancellation">Cancelled when the consumer cannot wait any longer for the handler to end.</param>
    ValueTask HandleAsync(NsqMessage message, CancellationToken cancellation);

    /// <summary>
    /// Takes leave of a message that was delivered more than <see cref="NsqConsumerOptions.MaxAttempts"/> times: when it
    /// returns, the message is finished and gone; when it throws, the message is requeued. By default it returns at once.
    /// </summary>
    /// <param name="message">The message, which <see cref="HandleAsync"/> is not called with any more.</param>
    /// <param name="cancellation">Cancelled when the consumer cannot wait any longer.</param>
    ValueTask GiveUpAsync(NsqMessage message, CancellationToken cancellation) => ValueTask.CompletedTask;
}
