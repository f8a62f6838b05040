namespace Broker.Storage;

/// <summary>What a channel remembers of a message that is not finished.</summary>
/// <param name="Offset">The message's offset.</param>
/// <param name="Attempts">Deliveries so far.</param>
/// <param name="Due">When it is due, in milliseconds since the Unix epoch; 0 when it is not deferred.</param>
/// <param name="Kept">Whether the channel has its own copy; then the offset is finished in the log.</param>
public readonly record struct MessageState(long Offset, ushort Attempts, long Due, bool Kept);
