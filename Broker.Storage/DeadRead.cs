namespace Broker.Storage;

/// <summary>What a read of dead letters brought.</summary>
/// <param name="Letters">Dead letters in the order of their numbers.</param>
/// <param name="End">The read has seen all up to this number (exclusive): what is there and not among the letters is damaged.</param>
public readonly record struct DeadRead(IReadOnlyList<DeadLetter> Letters, long End);
