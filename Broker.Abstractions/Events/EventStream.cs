using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Events;

/// <summary>The stream over which <see cref="BrokerEvent"/>s go.</summary>
public static class EventStream
{
    /// <summary>Name of the stream provider.</summary>
    public const string Provider = "events";

    /// <summary>The one stream.</summary>
    public static IAsyncStream<BrokerEvent> Of(IStreamProvider provider) => provider.GetStream<BrokerEvent>(StreamId.Create("broker", "events"));
}
