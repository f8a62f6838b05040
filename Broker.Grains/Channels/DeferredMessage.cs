namespace Broker.Grains.Channels;

/// <summary>A message that waits for its due time; only its offset is held, never its body.</summary>
/// <param name="Offset">The message's offset.</param>
/// <param name="Attempts">Deliveries so far.</param>
public readonly record struct DeferredMessage(long Offset, ushort Attempts);
