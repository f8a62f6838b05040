using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Topics;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>The channels of a topic, as its record has them: they are in it before anybody is told of them, and gone from it before they are deleted.</summary>
/// <param name="topic">The activation.</param>
/// <param name="opening">Opens the topic.</param>
/// <param name="turns">The turns in which the record changes.</param>
/// <param name="changes">Changes the record.</param>
/// <param name="directory">Told which channels there are.</param>
/// <param name="retention">Told when a channel needs the log no more.</param>
/// <param name="stores">Where the progress of channels is kept.</param>
/// <param name="policies">What holds for the topic and its channels.</param>
/// <param name="options">Knows the number of this node, which ids begin with.</param>
/// <param name="time">The clock.</param>
internal sealed class ChannelRoster(
    TopicActivation topic, TopicOpening opening, RecordTurns turns, RecordChanges changes, DirectoryEntry directory, Retention retention, TopicStores stores,
    TopicPolicies policies, QueueOptions options, TimeProvider time)
{
    private static readonly TimeSpan RepeatDelay = TimeSpan.FromSeconds(1);

    private IGrainTimer? _repeat;

    /// <summary>What the record says of a channel; never makes one.</summary>
    public async ValueTask<ChannelReply> DescribeAsync(string channel)
    {
        (OpenTopic? open, TopicReply refusal) = await opening.GetAsync(create: false);
        if (open is null)
            return Refuse(refusal);
        return open.Feeds.TryGetValue(channel, out ChannelFeed? feed)
            ? Describe(open, feed)
            : new ChannelReply { Status = TopicStatus.ChannelNotFound };
    }

    /// <summary>Makes a channel where it is not there yet. The first one begins at the head, a later one at the fan-out cursor.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="createTopic">Whether a topic that is not there is made.</param>
    public async ValueTask<ChannelReply> AddAsync(string channel, bool createTopic)
    {
        (OpenTopic? found, TopicReply refusal) = await opening.GetAsync(createTopic);
        if (found is null)
            return Refuse(refusal);
        if (found.Feeds.TryGetValue(channel, out ChannelFeed? known))
            return Describe(found, known);
        ChannelReply? described = null;
        TopicReply reply = await changes.ChangeAsync(
            async open =>
            {
                if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
                {
                    feed = await AddAsync(open, channel);
                    await directory.NoteAsync(open);
                }

                described = Describe(open, feed);
                return TopicReply.Ok;
            },
            createTopic);
        return described ?? Refuse(reply);
    }

    /// <summary>Deletes a channel; an ephemeral topic goes with its last one. With an incarnation other than 0 only that one.</summary>
    public ValueTask<TopicReply> DeleteAsync(string channel, long incarnation) => changes.ChangeAsync(async open =>
    {
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed) || (incarnation != 0 && feed.Record.Incarnation != incarnation))
            return new TopicReply(TopicStatus.ChannelNotFound);
        TopicRecord record = open.Record with { Channels = [.. open.Record.Channels.Where(c => c.Name != channel)] };
        if (open.Feeds.Count == 1)
            record = record with { Head = open.HandedOver, Cursor = open.HandedOver, Hidden = [] };
        // Until the record is saved the channel is there and gets what is published.
        await changes.SaveAsync(open, record, () => open.Remove(feed));
        await RemoveAsync(open, feed.Record);
        retention.TrimSoon();
        if (topic.IsEphemeral && open.Feeds.Count == 0)
            return await DeleteTopicAsync(open);
        await directory.NoteAsync(open);
        return TopicReply.Ok;
    });

    /// <summary>Deletes the topic with all its channels. The log goes first: when that fails, topic and channels are as they were.</summary>
    public async ValueTask<TopicReply> DeleteTopicAsync(OpenTopic open)
    {
        topic.IsClosing = true;
        try
        {
            await open.Log.DeleteAsync();
            topic.Open = null;
            foreach (ChannelFeed feed in open.Feeds.Values)
                feed.Removed = true;
            foreach (ChannelFeed feed in open.Feeds.Values.ToArray())
                await RemoveAsync(open, feed.Record);
            await opening.ForgetDeletedAsync();
            return TopicReply.Ok;
        }
        catch (FencedException)
        {
            topic.Leave();
            throw;
        }
        catch (StoreException e)
        {
            // It may have been deleted all the same.
            open.Broken = true;
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
        finally
        {
            topic.IsClosing = false;
        }
    }

    /// <summary>Stops or resumes the deliveries of a channel.</summary>
    public ValueTask<TopicReply> PauseAsync(string channel, bool paused) => changes.ChangeAsync(async open =>
    {
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new TopicReply(TopicStatus.ChannelNotFound);
        await SaveAsync(open, feed, feed.Record with { Paused = paused });
        await directory.TellAsync(index => index.NotePausedAsync(topic.Name, channel, paused));
        // In the same turn as the record, so that the last that was saved is the last that the channel hears.
        return await TellAsync(feed, static (grain, record) => grain.PauseAsync(record.Incarnation, record.Paused));
    });

    /// <summary>The topic's policy, and what its channels inherit of it.</summary>
    public ValueTask<TopicReply> ChangePolicyAsync(TopicPolicy policy, TopicPolicy? expected) => changes.ChangeAsync(async open =>
    {
        if (expected is not null && expected != TopicPolicies.SaidOf(open.Record))
            return new TopicReply(TopicStatus.PolicyChanged);
        await changes.SaveAsync(open, open.Record with { Policy = policy == TopicPolicy.None ? null : policy }, () => policies.Apply(open));
        TopicReply[] told = await Task.WhenAll(open.Feeds.Values.ToArray().Select(feed => TellPolicyAsync(open, feed).AsTask()));
        return Array.Find(told, static reply => !reply.IsOk);
    });

    /// <summary>A channel's policy.</summary>
    public ValueTask<TopicReply> ChangePolicyAsync(string channel, ChannelPolicy policy, ChannelPolicy? expected) => changes.ChangeAsync(async open =>
    {
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new TopicReply(TopicStatus.ChannelNotFound);
        if (expected is not null && expected != TopicPolicies.SaidOf(feed.Record))
            return new TopicReply(TopicStatus.PolicyChanged);
        await SaveAsync(open, feed, feed.Record with { Policy = policy == ChannelPolicy.None ? null : policy });
        return await TellPolicyAsync(open, feed);
    });

    /// <summary>Begins a redrive of a channel's dead letters, or with null ends the one that is under way.</summary>
    public ValueTask<TopicReply> RedriveAsync(string channel, Redrive? redrive) => changes.ChangeAsync(async open =>
    {
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new TopicReply(TopicStatus.ChannelNotFound);
        long started = Math.Max(time.GetUtcNow().ToUnixTimeMilliseconds(), (feed.Record.Redrive?.Started ?? 0) + 1);
        await SaveAsync(open, feed, feed.Record with { Redrive = redrive is null ? null : redrive with { Started = started } });
        return await TellAsync(feed, static (grain, record) => grain.RedriveAsync(record.Incarnation, record.Redrive));
    });

    /// <summary>A channel has ended a redrive.</summary>
    public ValueTask<TopicReply> EndRedriveAsync(string channel, long incarnation, long started) => changes.ChangeAsync(async open =>
    {
        if (open.Feeds.TryGetValue(channel, out ChannelFeed? feed) && feed.Record.Incarnation == incarnation && feed.Record.Redrive?.Started == started)
            await SaveAsync(open, feed, feed.Record with { Redrive = null });
        return TopicReply.Ok;
    });

    /// <summary>Notes, before the first of them comes, that the topic gets dead letters of others: its channels keep theirs from now on.</summary>
    public ValueTask<TopicReply> TakeDeadLettersAsync() => changes.ChangeAsync(
        async open =>
        {
            if (open.Record.TakesDeadLetters)
                return TopicReply.Ok;
            await changes.SaveAsync(open, open.Record with { TakesDeadLetters = true }, static () => { });
            await Task.WhenAll(open.Feeds.Values.ToArray().Select(feed => TellPolicyAsync(open, feed).AsTask()));
            return TopicReply.Ok;
        },
        create: true);

    /// <summary>The policies of the topic and of one of its channels.</summary>
    /// <param name="channel">The channel's name; empty for the topic alone.</param>
    public async ValueTask<PolicyReply> DescribePolicyAsync(string channel)
    {
        (OpenTopic? open, TopicReply refusal) = await opening.GetAsync(create: false);
        if (open is null)
            return new PolicyReply { Status = refusal.Status, Error = refusal.Error };
        if (channel.Length == 0)
            return policies.Describe(open.Record, null);
        return open.Feeds.TryGetValue(channel, out ChannelFeed? feed)
            ? policies.Describe(open.Record, feed.Record)
            : new PolicyReply { Status = TopicStatus.ChannelNotFound };
    }

    /// <summary>Asks a channel of the record something.</summary>
    public async ValueTask<TopicReply> AskAsync(string channel, Func<OpenTopic, IChannelGrain, long, ValueTask<TopicStatus>> ask)
    {
        (OpenTopic? open, TopicReply refusal) = await opening.GetAsync(create: false);
        if (open is null)
            return refusal;
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new TopicReply(TopicStatus.ChannelNotFound);
        try
        {
            return new TopicReply(await ask(open, topic.ChannelOf(channel), feed.Record.Incarnation));
        }
        catch (StoreException e)
        {
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
    }

    /// <summary>Asks a channel of the record for an answer of its own.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="ask">What to ask, with the channel's incarnation.</param>
    /// <param name="refuse">The answer when there is no such channel.</param>
    public async ValueTask<T> AskAsync<T>(string channel, Func<IChannelGrain, long, ValueTask<T>> ask, Func<TopicReply, T> refuse)
    {
        (OpenTopic? open, TopicReply refusal) = await opening.GetAsync(create: false);
        if (open is null)
            return refuse(refusal);
        return open.Feeds.TryGetValue(channel, out ChannelFeed? feed)
            ? await ask(topic.ChannelOf(channel), feed.Record.Incarnation)
            : refuse(new TopicReply(TopicStatus.ChannelNotFound));
    }

    /// <summary>What the record says of a channel.</summary>
    public ChannelReply Describe(OpenTopic open, ChannelFeed feed) => new()
    {
        Status = TopicStatus.Ok,
        Incarnation = feed.Record.Incarnation,
        Start = feed.Record.Start,
        End = open.HandedOver,
        Paused = feed.Record.Paused,
        IdPrefix = MessageId.Prefix(options.NodeId, open.Log.Generation),
        Generation = open.Log.Generation,
        WasOpen = feed.WasOpen,
        Policy = policies.For(open.Record, feed.Record),
        Redrive = feed.Record.Redrive,
    };

    /// <summary>A refusal of the topic as one of a channel.</summary>
    public static ChannelReply Refuse(TopicReply refusal) => new() { Status = refusal.Status, Error = refusal.Error };

    private Task SaveAsync(OpenTopic open, ChannelFeed feed, ChannelRecord changed)
    {
        TopicRecord record = open.Record with { Channels = [.. open.Record.Channels.Select(c => c.Name == changed.Name ? changed : c)] };
        return changes.SaveAsync(open, record, () => feed.Record = changed);
    }

    private async ValueTask<ChannelFeed> AddAsync(OpenTopic open, string channel)
    {
        long start = open.Record.Channels.Count == 0 ? open.Record.Head : open.HandedOver;
        long handedOver = open.HandedOver;
        ChannelRecord added = new(channel, open.NextIncarnation, start, Paused: false);
        TopicRecord record = open.Record with
        {
            NextIncarnation = added.Incarnation + 1,
            Channels = [.. open.Record.Channels.Append(added).OrderBy(c => c.Name, StringComparer.Ordinal)],
            Cursor = open.Record.Paused ? handedOver : null,
        };
        ChannelFeed feed = opening.CreateFeed(added, start);
        if (handedOver > start)
            feed.AddUnread(handedOver);
        await changes.SaveAsync(open, record, () => open.Feeds.Add(channel, feed));
        topic.Log.ChannelCreated(topic.Name, channel, start);
        return feed;
    }

    private async Task RemoveAsync(OpenTopic open, ChannelRecord channel)
    {
        try
        {
            await topic.ChannelOf(channel.Name).DeleteAsync(channel.Incarnation);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            // The record has forgotten the channel: its grain is told so whenever it asks.
            topic.Log.ChannelDeleteFailed(topic.Name, channel.Name, e.Message);
        }

        try
        {
            await stores.Of(topic.Name).DeleteChannelAsync(topic.Name, open.Log.Generation, channel.Name, channel.Incarnation);
        }
        catch (StoreException e)
        {
            // What is left of it belongs to no channel, and goes when one of this name is made or the topic is deleted.
            topic.Log.ChannelDeleteFailed(topic.Name, channel.Name, e.Message);
        }

        topic.Log.ChannelDeleted(topic.Name, channel.Name);
    }

    private ValueTask<TopicReply> TellPolicyAsync(OpenTopic open, ChannelFeed feed) =>
        TellAsync(feed, (grain, record) => grain.ChangePolicyAsync(record.Incarnation, policies.For(open.Record, record)));

    private async ValueTask<TopicReply> TellAsync(ChannelFeed feed, Func<IChannelGrain, ChannelRecord, ValueTask<TopicStatus>> tell)
    {
        try
        {
            return new TopicReply(await tell(topic.ChannelOf(feed.Record.Name), feed.Record));
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            feed.IsUntold = true;
            _repeat ??= topic.RunLater(TellAgainAsync, RepeatDelay);
            return new TopicReply(TopicStatus.Failed, $"saved, but the channel does not answer and is told later: {e.Message}");
        }
    }

    private async Task TellAgainAsync(CancellationToken cancellation)
    {
        _repeat?.Dispose();
        _repeat = null;
        using IDisposable turn = await turns.NextAsync(cancellation);
        if (topic.Open is not { } open)
            return;
        foreach (ChannelFeed feed in open.Feeds.Values.Where(static feed => feed.IsUntold).ToArray())
        {
            feed.IsUntold = false;
            TopicReply told = await TellAsync(feed, static (grain, record) => grain.PauseAsync(record.Incarnation, record.Paused));
            if (told.Status != TopicStatus.Failed)
                await TellPolicyAsync(open, feed);
        }
    }
}
