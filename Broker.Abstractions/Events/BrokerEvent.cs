using Orleans;

namespace Broker.Events;

/// <summary>
/// Something that has happened, as a hint to whoever wants to know at once: hints may be lost or come twice, so that who goes by them
/// also looks for itself from time to time.
/// </summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Topic">Name of the topic; empty where a node is meant.</param>
/// <param name="Channel">Name of the channel; empty where the topic or a node is meant.</param>
/// <param name="Node">Id of the node; empty where a topic or a channel is meant.</param>
[GenerateSerializer, Immutable, Alias("Broker.BrokerEvent")]
public sealed record BrokerEvent(
    [property: Id(0)] BrokerEventKind Kind,
    [property: Id(1)] string Topic = "",
    [property: Id(2)] string Channel = "",
    [property: Id(3)] string Node = "");
