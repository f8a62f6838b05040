using Broker.Messages;

namespace Broker.Storage;

/// <summary>What a read of the log brought.</summary>
/// <param name="Batches">Batches in order of their offsets.</param>
/// <param name="End">The read has seen all up to this offset (exclusive): the next one begins here. Greater than where it began, unless nothing is committed from there on.</param>
public readonly record struct LogRead(IReadOnlyList<MessageBatch> Batches, long End);
