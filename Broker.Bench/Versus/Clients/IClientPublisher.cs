namespace Broker.Bench.Versus.Clients;

/// <summary>A connection of a client library that publishes.</summary>
internal interface IClientPublisher : IAsyncDisposable
{
    /// <summary>
    /// Publishes messages together, as the library does it best, and returns when the server has acknowledged all of them. Called by one thread at a
    /// time, but also while earlier calls await their answers.
    /// </summary>
    Task PublishAsync(string topic, IReadOnlyList<ReadOnlyMemory<byte>> bodies);
}
