using Broker.Channels;
using Broker.Messages;
using Broker.Storage;
using Broker.Topics;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>Offers what is in the log to each channel, one offer at a time, and again until the channel has taken it.</summary>
/// <param name="topic">The activation.</param>
/// <param name="retention">Told how far each channel has durably finished.</param>
/// <param name="traces">Traces messages.</param>
internal sealed class FanOut(TopicActivation topic, Retention retention, TopicTraces traces)
{
    private const int ReadBytes = 512 << 10;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);

    private IGrainTimer? _retry;

    /// <summary>Begins to offer to each channel that something waits for and that no offer is under way to.</summary>
    public void OfferAll(OpenTopic open)
    {
        foreach (ChannelFeed feed in open.Feeds.Values)
        {
            if (feed.HasPending && !feed.Offering)
                _ = OfferAsync(open, feed);
        }
    }

    private async Task OfferAsync(OpenTopic open, ChannelFeed feed)
    {
        feed.Offering = true;
        try
        {
            while (feed.HasPending && !topic.IsClosing)
            {
                if (feed.NeedsCount)
                    feed.SetCount(await open.Log.CountAsync(feed.From, feed.CountTo));
                ChannelOffer offer = feed.ReadTo > feed.From ? await ReadOfferAsync(open, feed) : feed.TakeOffer();
                OfferReply reply;
                DateTimeOffset? start = traces.Start;
                try
                {
                    reply = await (feed.Grain ??= topic.ChannelOf(feed.Record.Name)).OfferAsync(offer);
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    feed.Return(offer);
                    OfferLater(feed, e.Message);
                    return;
                }

                switch (reply.Status)
                {
                    case TopicStatus.Ok:
                        traces.Offered(open, feed.Record.Name, offer, start);
                        feed.Acknowledge(offer, reply.KnownEnd);
                        retention.NoteFloor(feed, reply.DurableFloor);
                        break;
                    default:
                        feed.Return(offer);
                        if (!feed.Removed)
                            OfferLater(feed, reply.Status.ToString());
                        return;
                }
            }
        }
        catch (FencedException) when (!feed.Removed)
        {
            topic.Leave();
        }
        catch (StoreException e)
        {
            OfferLater(feed, e.Message);
        }
        finally
        {
            feed.Offering = false;
        }

        retention.TrimEphemeral(open);
    }

    // A channel that owns its bodies gets a backlog from the log by way of its topic.
    private static async ValueTask<ChannelOffer> ReadOfferAsync(OpenTopic open, ChannelFeed feed)
    {
        LogRead read = await open.Log.ReadAsync(feed.From, feed.ReadTo, ReadBytes);
        IEnumerable<MessageBatch> visible = read.Batches
            .Where(batch => !open.Log.Hidden.Any(range => range.Start <= batch.BaseOffset && batch.EndOffset <= range.End));
        return feed.OfferRead([.. visible], read.Batches.Count == 0 ? feed.ReadTo : Math.Min(read.End, feed.ReadTo));
    }

    private void OfferLater(ChannelFeed feed, string cause)
    {
        if (feed.Removed)
            return;
        topic.Log.OfferFailed(topic.Name, feed.Record.Name, cause);
        _retry ??= topic.RunLater(
            _ =>
            {
                _retry?.Dispose();
                _retry = null;
                if (topic.Open is { } open)
                    OfferAll(open);
                return Task.CompletedTask;
            },
            RetryDelay);
    }
}
