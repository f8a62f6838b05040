namespace Broker.Client;

/// <summary>Publishes messages. <see cref="NsqProducer"/> does; this is what to take its place in tests.</summary>
public interface INsqProducer
{
    /// <summary>Publishes a message. Completes when the server has taken it.</summary>
    /// <param name="topic">1 to 64 of letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; may end in <c>#ephemeral</c>.</param>
    /// <param name="body">The message, not empty. Not to be changed before the returned task completes.</param>
    /// <param name="cancellation">Stops waiting; a message that was sent already may still be published.</param>
    /// <exception cref="ArgumentException">The topic is no valid name, or the body is empty.</exception>
    /// <exception cref="NsqServerException">The server refused it, and says why.</exception>
    /// <exception cref="NsqConnectionException">
    /// No server could be reached, or none answered, within <see cref="NsqProducerOptions.PublishTimeout"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The producer was stopped.</exception>
    ValueTask PublishAsync(string topic, ReadOnlyMemory<byte> body, CancellationToken cancellation = default);

    /// <summary>Publishes messages at once: the server takes all of them or none.</summary>
    /// <param name="topic">1 to 64 of letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; may end in <c>#ephemeral</c>.</param>
    /// <param name="bodies">The messages: at least one, none of them empty. Not to be changed before the returned task completes.</param>
    /// <param name="cancellation">Stops waiting; messages that were sent already may still be published.</param>
    /// <inheritdoc cref="PublishAsync(string, ReadOnlyMemory{byte}, CancellationToken)" path="/exception"/>
    ValueTask PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies, CancellationToken cancellation = default);

    /// <summary>Publishes a message that consumers receive after a delay.</summary>
    /// <param name="topic">1 to 64 of letters, digits, <c>.</c>, <c>_</c> and <c>-</c>; may end in <c>#ephemeral</c>.</param>
    /// <param name="body">The message, not empty. Not to be changed before the returned task completes.</param>
    /// <param name="delay">At millisecond precision, up to the server's limit (an hour by default).</param>
    /// <param name="cancellation">Stops waiting; a message that was sent already may still be published.</param>
    /// <inheritdoc cref="PublishAsync(string, ReadOnlyMemory{byte}, CancellationToken)" path="/exception"/>
    ValueTask PublishDeferredAsync(string topic, ReadOnlyMemory<byte> body, TimeSpan delay, CancellationToken cancellation = default);
}
