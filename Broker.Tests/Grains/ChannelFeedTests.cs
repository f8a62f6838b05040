using System.Text;
using Broker.Channels;
using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Tests.Grains;

/// <summary>Invariant 5: what a topic offers to a channel has no gap that is not declared.</summary>
public sealed class ChannelFeedTests
{
    private readonly ChannelFeed _feed = new(new ChannelRecord("c", 1, 0, Paused: false), 0, ownsBodies: false, maxPendingMessages: 100);

    [Fact]
    public void Offsets_that_the_log_passed_over_are_declared()
    {
        Assert.True(_feed.Add(Batch(0, "a", "b"), before: 0));
        Assert.True(_feed.Add(Batch(100, "c"), before: 2));
        ChannelOffer offer = _feed.TakeOffer();
        Assert.Equal((0, 101, 98L, 0L), (offer.From, offer.End, offer.Gaps, offer.Unaccounted));
    }

    [Fact]
    public void A_feed_that_missed_a_batch_has_all_read_from_the_log()
    {
        Assert.True(_feed.Add(Batch(0, "a"), before: 0));
        Assert.False(_feed.Add(Batch(2, "c"), before: 2));
        Assert.True(_feed.NeedsCount);
        Assert.Equal(3, _feed.CountTo);
        ChannelOffer offer = _feed.TakeOffer();
        Assert.Null(offer.Batches);
        Assert.Equal((0, 3), (offer.From, offer.End));
    }

    private static MessageBatch Batch(long offset, params string[] bodies) => MessageBatch.Create(1, [.. bodies.Select(Encoding.ASCII.GetBytes)]).At(offset);
}
