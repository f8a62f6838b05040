namespace Broker.Storage;

/// <summary>One change of a channel's progress.</summary>
/// <param name="Kind">What changed.</param>
/// <param name="Offset">The offset, or the first of a range.</param>
/// <param name="Value">End of the range (exclusive), due time in milliseconds since the Unix epoch, number of a dead letter, or unused.</param>
/// <param name="Attempts">Deliveries so far.</param>
/// <param name="Size">Bytes of dead letters.</param>
public readonly record struct ProgressEntry(ProgressKind Kind, long Offset, long Value = 0, ushort Attempts = 0, long Size = 0);
