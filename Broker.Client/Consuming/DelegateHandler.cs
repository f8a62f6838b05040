namespace Broker.Client;

/// <summary>A handler made of delegates.</summary>
internal sealed class DelegateHandler(
    Func<NsqMessage, CancellationToken, ValueTask> handle,
    Func<NsqMessage, CancellationToken, ValueTask>? giveUp) : INsqMessageHandler
{
    public ValueTask HandleAsync(NsqMessage message, CancellationToken cancellation) => handle(message, cancellation);

    public ValueTask GiveUpAsync(NsqMessage message, CancellationToken cancellation) =>
        giveUp?.Invoke(message, cancellation) ?? ValueTask.CompletedTask;
}
