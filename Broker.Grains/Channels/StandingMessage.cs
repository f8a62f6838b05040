using Broker.Channels;

namespace Broker.Grains.Channels;

/// <summary>A message that a channel's queue knows one by one, and where it stands.</summary>
/// <param name="Stage">Where it stands.</param>
/// <param name="Offset">Its offset.</param>
/// <param name="Attempts">Deliveries so far.</param>
public readonly record struct StandingMessage(MessageStage Stage, long Offset, ushort Attempts)
{
    /// <summary>When it is due, in milliseconds since the Unix epoch; 0 unless it is deferred.</summary>
    public long Due { get; init; }

    /// <summary>When it times out, in milliseconds of the steady clock; 0 unless it is in flight.</summary>
    public long Deadline { get; init; }

    /// <summary>Who has it; null unless it is in flight.</summary>
    public Consumer? Consumer { get; init; }

    /// <summary>Where its body is in memory, if it is.</summary>
    public BodyRef Body { get; init; }
}
