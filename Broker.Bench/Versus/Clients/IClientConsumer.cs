namespace Broker.Bench.Versus.Clients;

/// <summary>A connection of a client library that consumes.</summary>
internal interface IClientConsumer : IAsyncDisposable
{
    /// <summary>Consumes until it is stopped, and acknowledges each message by itself.</summary>
    /// <param name="received">What takes each message.</param>
    /// <param name="stop">Ends it; then the method returns.</param>
    Task ConsumeAsync(MessageReceived received, CancellationToken stop);
}
