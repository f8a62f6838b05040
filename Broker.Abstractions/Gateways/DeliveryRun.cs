using Broker.Messages;
using Orleans;

namespace Broker.Gateways;

/// <summary>Consecutive records of a batch for one consumer, all with one number of attempts.</summary>
/// <param name="Consumer">The consumer's number within the gateway.</param>
/// <param name="Batch">The batch that holds the records; shared, not copied.</param>
/// <param name="Position">Position of the first record in the batch's buffer.</param>
/// <param name="FirstOffset">Offset of the first record.</param>
/// <param name="Count">Number of records.</param>
/// <param name="Attempts">Deliveries of these messages with this one, 1 to 65535.</param>
[GenerateSerializer, Immutable, Alias("Broker.DeliveryRun")]
public readonly record struct DeliveryRun(
    [property: Id(0)] int Consumer,
    [property: Id(1)] MessageBatch Batch,
    [property: Id(2)] int Position,
    [property: Id(3)] long FirstOffset,
    [property: Id(4)] int Count,
    [property: Id(5)] ushort Attempts);
