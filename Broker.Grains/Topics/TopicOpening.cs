using Broker.Policies;
using Broker.Storage;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>Opens the topic when somebody asks for it, and again when its log has broken.</summary>
/// <param name="topic">The activation.</param>
/// <param name="stores">Where the topic is kept.</param>
/// <param name="knownChannels">Whom a new topic asks for channels to begin with; null for nobody.</param>
/// <param name="options">Limits of channels.</param>
/// <param name="directory">Told of topics that are made, or found to be deleted.</param>
/// <param name="fanOut">Goes on with what was not offered before.</param>
/// <param name="retention">Wakes channels that go with their process.</param>
/// <param name="policies">What holds for the topic.</param>
internal sealed class TopicOpening(
    TopicActivation topic, TopicStores stores, IKnownChannels? knownChannels, QueueOptions options, DirectoryEntry directory, FanOut fanOut,
    Retention retention, TopicPolicies policies)
{
    private readonly SingleRun _opening = new();
    private int _makers;

    // Whoever uses the topic tries again: a store that is away for long is told of once.
    private string? _toldFailure;

    /// <summary>The open topic, or why there is none.</summary>
    /// <param name="create">Whether a topic that is not there is made.</param>
    /// <exception cref="FencedException">This activation is not, or not for long, the topic.</exception>
    public async ValueTask<(OpenTopic? Open, TopicReply Refusal)> GetAsync(bool create)
    {
        while (true)
        {
            topic.ThrowIfLeaving();
            if (topic.IsClosing)
                return (null, new TopicReply(TopicStatus.Exiting));
            if (topic.Open is { Broken: false } open)
                return (open, default);
            StoreException? failure = null;
            _makers += create ? 1 : 0;
            try
            {
                await _opening.JoinAsync(() => OpenLogAsync(create));
            }
            catch (FencedException)
            {
                topic.Leave();
                throw;
            }
            catch (StoreException e)
            {
                if (_toldFailure != e.Message)
                    topic.Log.TopicOpenFailed(topic.Name, e.Message);
                _toldFailure = e.Message;
                failure = e;
            }
            finally
            {
                _makers -= create ? 1 : 0;
            }

            if (failure is null && (topic.Open is not null || create))
                continue;
            LeaveIfNeverOpen();
            return (null, failure is null ? new TopicReply(TopicStatus.TopicNotFound) : new TopicReply(TopicStatus.Failed, failure.Message));
        }
    }

    /// <summary>The topic was deleted: its figures go, and the directory is told.</summary>
    public async Task ForgetDeletedAsync()
    {
        topic.Forget();
        retention.Reset();
        topic.Log.TopicDeleted(topic.Name);
        topic.Books = new TopicBooks();
        await directory.NoteDeletedAsync();
    }

    /// <summary>The feed of a channel that was handed everything below <paramref name="handedOver"/>.</summary>
    public ChannelFeed CreateFeed(ChannelRecord channel, long handedOver) =>
        new(channel, handedOver, topic.IsEphemeral || EphemeralName.Matches(channel.Name), Math.Max(1, options.MemQueueSize));

    // Whoever asks for topics that are not there must not fill the memory with them. But a topic that was open keeps its books, and one
    // that is about to be made is made here.
    private void LeaveIfNeverOpen()
    {
        if (topic.Open is null && topic.Books.Open is null && _makers == 0)
            topic.DeactivateOnIdle();
    }

    private async Task OpenLogAsync(bool create)
    {
        OpenTopic? broken = topic.Open;
        if (broken is not null)
        {
            topic.Open = null;
            await broken.Log.DisposeAsync();
        }

        await stores.EnsureMemberAsync();
        IMessageStore store = stores.Of(topic.Name);
        ITopicLog? log = await store.OpenTopicAsync(topic.Name, create: false);
        bool isNew = log is null && create;
        if (isNew)
            log = await MakeAsync(store);
        if (log is null)
        {
            if (broken is not null)
                await ForgetDeletedAsync();
            return;
        }

        if (broken is not null)
            await EnsureRisenAsync(broken.Log, log);
        OpenTopic open = new(log, CreateFeed);
        if (open.Committed > open.HandedOver)
            open.HeldCount = await log.CountAsync(open.HandedOver, open.Committed);
        if (broken is not null)
            open.Resume(broken);
        topic.Open = open;
        _toldFailure = null;
        policies.Apply(open);
        directory.NoteOpened();
        if (isNew)
        {
            topic.Log.TopicCreated(topic.Name);
            topic.Books = new TopicBooks();
        }

        topic.Books.NoteOpened(open);
        topic.Show();
        if (isNew)
            await directory.NoteAsync(open);
        fanOut.OfferAll(open);
        WakeEphemeral(open);
    }

    /// <exception cref="FencedException">The store has fallen behind what it was, so that openings cannot be told apart: this activation ends.</exception>
    private async ValueTask EnsureRisenAsync(ITopicLog before, ITopicLog log)
    {
        if ((log.Generation, log.Epoch).CompareTo((before.Generation, before.Epoch)) > 0)
            return;
        topic.Log.TopicEpochFell(topic.Name, log.Epoch, log.Generation, before.Epoch, before.Generation);
        topic.NoteBreach();
        topic.IsLeaving = true;
        topic.DeactivateOnIdle();
        await log.DisposeAsync();
        throw new FencedException($"topic {topic.Name} is about to be opened anew; ask again");
    }

    // They do not outlive their process, but for consumers that come back: each finds out by itself whether any do.
    private void WakeEphemeral(OpenTopic open)
    {
        foreach (ChannelFeed feed in open.Feeds.Values.Where(static feed => EphemeralName.Matches(feed.Record.Name)).ToArray())
            _ = retention.AskFloorAsync(feed);
    }

    // The channels that other nodes have are there before the first message is, so that it reaches them all (spec 2.1).
    private async Task<ITopicLog?> MakeAsync(IMessageStore store)
    {
        IReadOnlyList<string> known = knownChannels is null ? [] : await knownChannels.FindAsync(topic.Name);
        ITopicLog? log = await store.OpenTopicAsync(topic.Name, create: true);
        // Somebody else may have made it meanwhile: what stands in its record stays.
        if (log is null || known.Count == 0 || log.Record.NextIncarnation > 1)
            return log;
        topic.Log.ChannelsTakenOver(topic.Name, string.Join(' ', known));
        TopicRecord record = log.Record;
        long first = OpenTopic.FirstIncarnationOf(log.Generation);
        try
        {
            await log.SaveRecordAsync(record with
            {
                NextIncarnation = first + known.Count,
                Channels = [.. known.Select((name, i) => new ChannelRecord(name, first + i, record.Head, Paused: false))],
            });
        }
        catch (StoreException)
        {
            await log.DisposeAsync();
            throw;
        }

        return log;
    }
}
