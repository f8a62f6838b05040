using Broker.Bench.Load;

namespace Broker.Bench.Versus.Clients;

/// <summary>A client library, on one server. A topic has one channel: what the server has for a queue of messages.</summary>
internal interface IClient : IAsyncDisposable
{
    /// <summary>Creates a topic with its channel, durable.</summary>
    Task CreateAsync(string topic, LoadPlan plan);

    /// <summary>Deletes a topic with all that is in it.</summary>
    Task DeleteAsync(string topic);

    /// <summary>Opens a connection that publishes.</summary>
    Task<IClientPublisher> OpenPublisherAsync();

    /// <summary>Opens a connection that consumes, with at most so many messages in flight.</summary>
    Task<IClientConsumer> OpenConsumerAsync(string topic, int ready);
}
