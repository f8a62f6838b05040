namespace Broker.Storage.Files.Nsqd;

/// <summary>A message in one of nsqd's queues.</summary>
/// <param name="Timestamp">Publish time in nanoseconds since the Unix epoch.</param>
/// <param name="Attempts">Deliveries so far.</param>
/// <param name="Body">Its body; valid until the next one is read.</param>
internal readonly record struct NsqdMessage(long Timestamp, ushort Attempts, ReadOnlyMemory<byte> Body);
