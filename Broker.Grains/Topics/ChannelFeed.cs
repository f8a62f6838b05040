using Broker.Channels;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Topics;

/// <summary>What a topic has yet to offer to one of its channels. One offer is under way at a time; what comes meanwhile joins the next.</summary>
public sealed class ChannelFeed
{
    private const long MaxPendingBytes = 1 << 20;

    private readonly bool _ownsBodies;
    private readonly long _maxPendingMessages;
    private readonly List<MessageBatch> _batches = [];
    private long _bytes;
    private bool _batchesComplete = true;
    private long _messages;
    private long _deferred;
    private long _dropped;
    private long _gaps;

    /// <summary>Makes the feed of a channel that was handed everything below <paramref name="handedOver"/>.</summary>
    /// <param name="record">The channel.</param>
    /// <param name="handedOver">Where the feed begins.</param>
    /// <param name="ownsBodies">Whether the channel must get the batches themselves.</param>
    /// <param name="maxPendingMessages">With <paramref name="ownsBodies"/>: how many messages may wait for an offer; more are dropped.</param>
    public ChannelFeed(ChannelRecord record, long handedOver, bool ownsBodies, long maxPendingMessages)
    {
        Record = record;
        _ownsBodies = ownsBodies;
        _maxPendingMessages = maxPendingMessages;
        From = handedOver;
        End = handedOver;
    }

    /// <summary>The channel.</summary>
    public ChannelRecord Record { get; set; }

    /// <summary>The channel's grain; null until something is offered to it.</summary>
    public IChannelGrain? Grain { get; set; }

    /// <summary>The channel has acknowledged all below.</summary>
    public long From { get; private set; }

    /// <summary>The channel is to get all below.</summary>
    public long End { get; private set; }

    /// <summary>Whether an offer is under way.</summary>
    public bool Offering { get; set; }

    /// <summary>Whether the channel no longer belongs to the topic.</summary>
    public bool Removed { get; set; }

    /// <summary>The channel's durable floor; null until it has reported since the topic's activation.</summary>
    public long? DurableFloor { get; set; }

    /// <summary>Whether the channel was open before: it has answered, or it was in the record when the topic was opened.</summary>
    public bool WasOpen { get => field || DurableFloor is not null; set; }

    /// <summary>Whether the channel has yet to be told what the record says of it: whether it is paused, and its policy.</summary>
    public bool IsUntold { get; set; }

    /// <summary>Whether there is something to offer.</summary>
    public bool HasPending => End > From && !Removed;

    /// <summary>Whether the messages from <see cref="From"/> to <see cref="CountTo"/> must be counted in the log before they are offered.</summary>
    public bool NeedsCount => CountTo > From;

    /// <summary>Up to here nothing of what is pending was counted.</summary>
    public long CountTo { get; private set; }

    /// <summary>
    /// For a channel that must get the batches: up to here they are to be read from the log; not above <see cref="From"/> when nothing is to be
    /// read.
    /// </summary>
    public long ReadTo { get; private set; }

    /// <summary>A batch was committed.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="before">Where the log ended before: from there to the batch are offsets that have no message.</param>
    /// <returns>False when the feed lacks what came before it; then all is read from the log.</returns>
    public bool Add(MessageBatch batch, long before)
    {
        if (End != before)
        {
            AddUnread(batch.EndOffset);
            return false;
        }

        End = batch.EndOffset;
        _gaps += batch.BaseOffset - before;
        Keep(batch);
        return true;
    }

    /// <summary>All up to <paramref name="end"/> is to be offered, to be read from the log.</summary>
    public void AddRange(long end, LogCount count)
    {
        if (end <= End)
            return;
        End = end;
        if (_ownsBodies)
        {
            ReadTo = end;
            DropPending();
            return;
        }

        _messages += count.Messages;
        _deferred += count.Deferred;
        _batches.Clear();
        _batchesComplete = false;
    }

    /// <summary>All up to <paramref name="end"/> is to be offered, to be read and counted in the log.</summary>
    public void AddUnread(long end)
    {
        End = end;
        Restart(From);
    }

    /// <summary>The channel says up to where it was offered messages.</summary>
    public void LearnEnd(long knownEnd)
    {
        // What a channel that owns its bodies had before it was activated anew is gone with it; what waits here is not.
        if (knownEnd < From && !_ownsBodies)
            Restart(knownEnd);
    }

    /// <summary>The channel lacks something: all from <paramref name="from"/> on is to be offered again, to be read and counted in the log.</summary>
    public void Restart(long from)
    {
        From = from;
        _batchesComplete = _ownsBodies;
        CountTo = _ownsBodies ? 0 : End;
        ReadTo = _ownsBodies ? End : 0;
        DropPending();
    }

    /// <summary>Adds the count of the messages from <see cref="From"/> to <see cref="CountTo"/>.</summary>
    public void SetCount(LogCount count)
    {
        CountTo = 0;
        _messages += count.Messages;
        _deferred += count.Deferred;
    }

    /// <summary>Takes everything pending as one offer.</summary>
    public ChannelOffer TakeOffer()
    {
        ChannelOffer offer = new()
        {
            Incarnation = Record.Incarnation,
            From = From,
            End = End,
            Batches = _ownsBodies || _batchesComplete ? [.. _batches] : null,
            Messages = _messages,
            Deferred = _deferred,
            Dropped = _dropped,
            Gaps = _gaps,
        };
        _batchesComplete = true;
        DropPending();
        return offer;
    }

    /// <summary>An offer of what was read from the log, up to <paramref name="end"/>.</summary>
    public ChannelOffer OfferRead(IReadOnlyList<MessageBatch> batches, long end) => new()
    {
        Incarnation = Record.Incarnation,
        From = From,
        End = end,
        Batches = [.. batches],
        Messages = 0,
        Deferred = 0,
        Gaps = end - From - batches.Sum(static batch => (long)batch.Count),
    };

    /// <summary>The channel took an offer over.</summary>
    public void Acknowledge(ChannelOffer offer, long knownEnd)
    {
        if (knownEnd >= offer.End)
            From = offer.End;
        else
            Restart(knownEnd);
    }

    /// <summary>An offer failed: everything from its beginning is offered again.</summary>
    public void Return(ChannelOffer offer)
    {
        if (!_ownsBodies)
        {
            Restart(offer.From);
            return;
        }

        if (ReadTo > From)
            return;
        _dropped += offer.Dropped;
        _gaps += offer.Gaps ?? 0;
        _batches.InsertRange(0, offer.Batches!);
        foreach (MessageBatch batch in offer.Batches!)
            _messages += batch.Count;
    }

    private void DropPending()
    {
        _batches.Clear();
        _bytes = 0;
        _messages = 0;
        _deferred = 0;
        _dropped = 0;
        _gaps = 0;
    }

    private void Keep(MessageBatch batch)
    {
        if (_ownsBodies)
        {
            if (_messages >= _maxPendingMessages && _batches.Count > 0)
            {
                _dropped += batch.Count;
                return;
            }

            _batches.Add(batch);
            _messages += batch.Count;
            return;
        }

        Count(batch);
        if (!_batchesComplete)
            return;
        if (_bytes + batch.Records.Length > MaxPendingBytes && _batches.Count > 0)
        {
            _batches.Clear();
            _batchesComplete = false;
            return;
        }

        _batches.Add(batch);
        _bytes += batch.Records.Length;
    }

    private void Count(MessageBatch batch)
    {
        if (batch.IsDeferred)
            _deferred += batch.Count;
        else
            _messages += batch.Count;
    }
}
