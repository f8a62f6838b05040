using Broker.Channels;
using Broker.Storage;
using Broker.Topics;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>Trims the log below what any channel may still need. Nothing goes before every channel has reported since the topic's activation.</summary>
/// <param name="topic">The activation.</param>
internal sealed class Retention(TopicActivation topic)
{
    private static readonly TimeSpan TrimDelay = TimeSpan.FromSeconds(1);

    private IGrainTimer? _timer;
    private bool _isArmed;
    private long _trimmedBelow;

    /// <summary>A channel has durably finished all below a floor.</summary>
    public void NoteFloor(ChannelFeed feed, long floor)
    {
        if (feed.DurableFloor is { } before && floor <= before)
            return;
        feed.DurableFloor = floor;
        TrimSoon();
    }

    /// <summary>Looks a second from now at what may go.</summary>
    public void TrimSoon()
    {
        if (_isArmed || topic.IsEphemeral)
            return;
        _isArmed = true;
        if (_timer is null)
            _timer = topic.RunLater(OnDueAsync, TrimDelay);
        else
            _timer.Change(TrimDelay, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The topic was deleted: what comes under its name begins anew.</summary>
    public void Reset() => _trimmedBelow = 0;

    /// <summary>Channels of an ephemeral topic own the bodies, so the topic keeps only what they have not got yet.</summary>
    public void TrimEphemeral(OpenTopic open)
    {
        if (!topic.IsEphemeral || open.Feeds.Count == 0)
            return;
        long below = open.HandedOver;
        foreach (ChannelFeed feed in open.Feeds.Values)
            below = Math.Min(below, feed.From);
        if (below <= _trimmedBelow)
            return;
        _trimmedBelow = below;
        _ = TryTrimAsync(open, below);
    }

    /// <summary>Asks a channel how far it has durably finished, which wakes it.</summary>
    /// <param name="feed">The channel.</param>
    /// <param name="dropBelow">What waits below this offset it is to drop; 0 for nothing.</param>
    public async Task AskFloorAsync(ChannelFeed feed, long dropBelow = 0)
    {
        try
        {
            OfferReply reply = await topic.ChannelOf(feed.Record.Name).OfferAsync(new ChannelOffer
            {
                Incarnation = feed.Record.Incarnation,
                From = feed.From,
                End = feed.From,
                Messages = 0,
                Deferred = 0,
                DropBelow = dropBelow,
            });
            if (reply.Status == TopicStatus.Ok)
                NoteFloor(feed, reply.DurableFloor);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            topic.Log.OfferFailed(topic.Name, feed.Record.Name, e.Message);
        }
    }

    /// <summary>Trims now what may go.</summary>
    public async Task TrimAsync()
    {
        if (topic.Open is not { Broken: false } open)
            return;
        foreach (ChannelFeed feed in open.Feeds.Values.ToArray())
        {
            if (feed.DurableFloor is null && !feed.Offering)
                await AskFloorAsync(feed);
        }

        if (open.TrimmableBelow() is not { } below || below <= _trimmedBelow)
            return;
        if (await TryTrimAsync(open, below))
            _trimmedBelow = below;
    }

    private Task OnDueAsync(CancellationToken cancellation)
    {
        _isArmed = false;
        return TrimAsync();
    }

    private async Task<bool> TryTrimAsync(OpenTopic open, long below)
    {
        try
        {
            await open.Log.TrimAsync(below);
            return true;
        }
        catch (FencedException) when (ReferenceEquals(open, topic.Open))
        {
            topic.Leave();
        }
        catch (StoreException e)
        {
            topic.Log.TrimFailed(topic.Name, e.Message);
        }

        return false;
    }
}
