namespace Broker.Bench.Streams;

/// <summary>The stream providers that are compared.</summary>
internal enum StreamProviderKind
{
    /// <summary>Orleans' own, which keep events in grains.</summary>
    Memory,

    /// <summary>Microsoft.Orleans.Streaming.NATS over JetStream.</summary>
    Nats,

    /// <summary>Broker.Orleans.Streaming.</summary>
    Broker,
}
