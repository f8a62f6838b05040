using Orleans;

namespace Broker.Channels;

/// <summary>A message that is out with a consumer.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Attempts">Deliveries so far, 1 to 65535.</param>
/// <param name="Delivered">When it was delivered, in milliseconds since the Unix epoch.</param>
/// <param name="Deadline">When it times out, in milliseconds since the Unix epoch.</param>
[GenerateSerializer, Immutable, Alias("Broker.InFlightMessage")]
public readonly record struct InFlightMessage(
    [property: Id(0)] long Offset,
    [property: Id(1)] ushort Attempts,
    [property: Id(2)] long Delivered,
    [property: Id(3)] long Deadline);
