using Broker.Channels;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Channels;

/// <summary>Takes what the topic offers into the queue.</summary>
/// <param name="channel">The activation.</param>
/// <param name="turns">Ends a turn.</param>
/// <param name="time">The clock.</param>
internal sealed class OfferReceiver(ChannelActivation channel, ChannelTurns turns, TimeProvider time)
{
    /// <summary>Takes an offer of which only the end and the count are known: what it has of deferred messages is read from the log.</summary>
    /// <exception cref="StoreException">The log cannot be read now; nothing was taken.</exception>
    public async ValueTask<OfferReply> TakeAsync(OpenChannel open, ChannelOffer offer)
    {
        IReadOnlyList<DeferredHeader> deferred = [];
        if (offer.Batches is null && offer.Deferred > 0)
            deferred = await open.Reader!.ReadDeferredAsync(Math.Max(offer.From, open.Queue.End), offer.End);
        return ReferenceEquals(open, channel.Open) ? Take(open, offer, deferred) : new OfferReply(TopicStatus.ChannelNotFound);
    }

    /// <summary>Takes an offer.</summary>
    /// <param name="open">The channel.</param>
    /// <param name="offer">What is offered. One that does not account for each offset is refused, and comes again out of the log.</param>
    /// <param name="deferred">The deferred messages of an offer that has no batches.</param>
    public OfferReply Take(OpenChannel open, ChannelOffer offer, IReadOnlyList<DeferredHeader> deferred)
    {
        ChannelQueue queue = open.Queue;
        Moment now = Moment.Of(time);
        queue.Observe(now);
        if (open.Reader is { } reader && reader.Hidden.Count > 0)
            queue.Hide(reader.Hidden);
        if (offer.End > queue.End && offer.Unaccounted is not 0 and long lacking)
        {
            channel.Log.OfferLacks(channel.Topic, channel.Name, offer.From, offer.End, lacking, queue.End);
            channel.NoteBreach();
            return new OfferReply(TopicStatus.Ok, channel.OwnsBodies ? offer.From : queue.End, open.DurableFloor);
        }

        if (channel.OwnsBodies)
            queue.SkipTo(offer.From);
        if (offer.Dropped > 0 && offer.End > queue.End)
            queue.CountDropped(offer.Dropped);
        if (offer.Batches is { } batches)
            queue.Offer(offer.From, offer.End, batches);
        else
            queue.Offer(offer.From, offer.End, offer.Messages, deferred);
        // A channel that owns its bodies takes no room in the log.
        if (offer.DropBelow > 0 && !channel.OwnsBodies)
            queue.MakeRoom(offer.DropBelow);
        turns.End(open, now);
        return new OfferReply(TopicStatus.Ok, queue.End, open.DurableFloor);
    }
}
