namespace Broker.Events;

/// <summary>
/// Where applications in the broker's own Orleans cluster find its <see cref="BrokerEvent"/>s: a stream of Orleans' memory streams, which silos
/// host with <c>--event-stream</c>.
/// </summary>
public static class BrokerEventStream
{
    /// <summary>Name of the stream provider.</summary>
    public const string Provider = "broker-events";

    /// <summary>Namespace of the stream, for implicit subscriptions.</summary>
    public const string Namespace = "broker-events";

    /// <summary>Key of the only stream in the namespace.</summary>
    public const string Key = "all";

    /// <summary>Partitions of the provider: the same in all silos.</summary>
    public const int Partitions = 1;

    /// <summary>
    /// How long the stream has to be without an event until silos look anew for implicit subscriptions: a silo that joins hears of what happens from
    /// then on.
    /// </summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
}
