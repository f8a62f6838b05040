using Broker.Messages;

namespace Broker.Grains.Channels;

/// <summary>Consecutive records of a batch that wait for delivery.</summary>
/// <param name="Batch">The batch.</param>
/// <param name="Position">Position of the first record in the batch's buffer.</param>
/// <param name="FirstOffset">Offset of the first record.</param>
/// <param name="Count">Number of records.</param>
/// <param name="Attempts">Deliveries so far.</param>
public readonly record struct ReadyRun(MessageBatch Batch, int Position, long FirstOffset, int Count, ushort Attempts);
