using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>A message that the channel gave up and that is not a dead letter in its store yet.</summary>
/// <param name="Offset">Its offset.</param>
/// <param name="Attempts">Deliveries that it had; 0 for one that expired before the first.</param>
/// <param name="Cause">Why it was given up.</param>
/// <param name="Time">When, in milliseconds since the Unix epoch.</param>
/// <param name="Consumer">Who gave it up; null for one that expired while it waited.</param>
public readonly record struct DyingMessage(long Offset, ushort Attempts, DeadCause Cause, long Time, Consumer? Consumer);
