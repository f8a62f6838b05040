using Broker.Messages;
using Orleans;

namespace Broker.Channels;

/// <summary>The offsets from <see cref="From"/> to <see cref="End"/> now belong to the channel as well.</summary>
[GenerateSerializer, Immutable, Alias("Broker.ChannelOffer")]
public sealed class ChannelOffer
{
    /// <summary>The incarnation that this is for.</summary>
    [Id(0)] public required long Incarnation { get; init; }

    /// <summary>First offset offered. Offsets without a message in between (reservations lost in a crash, emptied ranges) may be covered.</summary>
    [Id(1)] public required long From { get; init; }

    /// <summary>One past the last offset offered.</summary>
    [Id(2)] public required long End { get; init; }

    /// <summary>
    /// The batches in this range, in order; null when the channel is to read them from the log. An ephemeral channel, or
    /// one of an ephemeral topic, always gets the batches.
    /// </summary>
    [Id(3)] public MessageBatch[]? Batches { get; init; }

    /// <summary>Messages in the range that are due at once.</summary>
    [Id(4)] public required long Messages { get; init; }

    /// <summary>Messages in the range with a due time: when not 0 and <see cref="Batches"/> is null, the channel looks for their headers in the log.</summary>
    [Id(5)] public required long Deferred { get; init; }

    /// <summary>Messages in the range that were dropped because too many waited for an offer to an ephemeral channel.</summary>
    [Id(6)] public long Dropped { get; init; }

    /// <summary>Offsets in the range that have no message, where <see cref="Batches"/> are given; null when an older silo does not say.</summary>
    [Id(7)] public long? Gaps { get; init; }

    /// <summary>Messages below this offset that wait are to make room in the topic's log: the channel drops and counts them; 0 for none.</summary>
    [Id(20)] public long DropBelow { get; init; }

    /// <summary>Offsets that are neither in the batches nor dropped nor said to have no message: 0 unless something was lost on the way.</summary>
    public long Unaccounted
    {
        get
        {
            if (Batches is null || Gaps is not { } gaps)
                return 0;
            long left = End - From - Dropped - gaps;
            foreach (MessageBatch batch in Batches)
                left -= batch.Count;
            return left;
        }
    }
}
