using Broker.Channels;
using Broker.Grains.Metrics;
using Broker.Grains.Placement;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;
using Broker.Telemetry;
using Broker.Topics;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using System.Diagnostics;

namespace Broker.Grains.Topics;

/// <summary>
/// A topic. Assigns offsets in the turn, appends, and then offers what is committed to each channel. Alone owns the topic's record.
/// </summary>
[Reentrant, KeepAlive, TopicPlacement]
public sealed class TopicGrain : Grain, ITopicGrain
{
    private const string UnknownOutcome = "whether an earlier attempt is in the log is not known any more; publish it again if a duplicate does no harm";

    private const int ReadBytes = 512 << 10;
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RepeatDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TrimDelay = TimeSpan.FromSeconds(1);

    private readonly QueueOptions _options;
    private readonly TopicStores _stores;
    private readonly TimeProvider _time;
    private readonly ILogger<TopicGrain> _log;
    private readonly IKnownChannels? _knownChannels;
    private readonly MessageTraces? _traces;
    private readonly GrainMetrics? _metrics;
    private readonly HostedTopics? _hosted;
    private readonly SemaphoreSlim _changes = new(1, 1);
    private string _name = "";
    private bool _ephemeral;
    private OpenTopic? _open;
    private readonly SingleRun _opening = new();
    private bool _closing;
    private bool _leaving;
    private int _makers;
    private IGrainTimer? _retry;
    private IGrainTimer? _repeat;
    private bool _directoryIsBehind;
    private bool _isDeleted;
    private IGrainTimer? _trim;
    private bool _trimArmed;
    private long _trimmedBelow;
    private TopicBooks _books = new();
    private Census<TopicBooks>.Entry? _figures;
    private bool _isShown;

    /// <summary>Activated by the silo.</summary>
    /// <param name="context">What Orleans knows of the activation.</param>
    /// <param name="options">Limits of topics and channels.</param>
    /// <param name="stores">Where the topic is kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">The log.</param>
    /// <param name="knownChannels">Whom a new topic asks for channels to begin with; null for nobody.</param>
    /// <param name="traces">Traces messages; null for never.</param>
    /// <param name="metrics">Where the topic shows its figures; null for nowhere.</param>
    /// <param name="hosted">Told which topics are open here; null where nobody asks.</param>
    public TopicGrain(
        IGrainContext context, QueueOptions options, TopicStores stores, TimeProvider time, ILogger<TopicGrain> log,
        IKnownChannels? knownChannels = null, MessageTraces? traces = null, GrainMetrics? metrics = null, HostedTopics? hosted = null)
        : base(context)
    {
        _options = options;
        _stores = stores;
        _time = time;
        _log = log;
        _knownChannels = knownChannels;
        _traces = traces;
        _metrics = metrics;
        _hosted = hosted;
    }

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _name = this.GetPrimaryKeyString();
        _ephemeral = EphemeralName.Matches(_name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _closing = true;
        _leaving = true;
        Forget();
        if (_open is { } open)
        {
            _open = null;
            await open.Log.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TopicReply> CreateAsync()
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(create: true);
        return open is null ? refusal : TopicReply.Ok;
    }

    /// <inheritdoc/>
    public ValueTask<TopicReply> PublishAsync(PublishRequest request) =>
        _open is { Broken: false } open && !_closing ? Append(open, request) : OpenAndAppendAsync(request);

    /// <inheritdoc/>
    public ValueTask<ChannelReply> CreateChannelAsync(string channel) => AddChannelAsync(channel, createTopic: true);

    /// <inheritdoc/>
    public ValueTask<ChannelReply> AddChannelAsync(string channel) => AddChannelAsync(channel, createTopic: false);

    /// <inheritdoc/>
    public async ValueTask<ChannelReply> DescribeChannelAsync(string channel)
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
        if (open is null)
            return Refuse(refusal);
        return open.Feeds.TryGetValue(channel, out ChannelFeed? feed)
            ? Describe(open, feed)
            : new ChannelReply { Status = TopicStatus.ChannelNotFound };
    }

    /// <inheritdoc/>
    public async ValueTask<TopicReply> DeleteAsync()
    {
        await _changes.WaitAsync();
        try
        {
            (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
            return open is null ? refusal : await DeleteOpenAsync(open);
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<TopicReply> EmptyAsync() => ChangeAsync(open =>
    {
        long end = open.Committed;
        LogCount emptied = open.HeldCount;
        if (!open.Held || end == open.HandedOver)
            return null;
        TopicRecord record = open.Feeds.Count == 0
            ? open.Record with { Head = end, Cursor = end }
            : open.Record with { Cursor = end, Hidden = Join(open.Record.Hidden, new OffsetRange(open.HandedOver, end)) };
        return (record, () =>
        {
            open.HandedOver = end;
            _books.EmptiedCount += emptied.Messages + emptied.Deferred;
            open.HeldCount = new LogCount(
                open.HeldCount.Messages - emptied.Messages, open.HeldCount.Deferred - emptied.Deferred, open.HeldCount.Bytes - emptied.Bytes);
            foreach (ChannelFeed feed in open.Feeds.Values)
                feed.AddRange(end, default);
        });
    });

    /// <inheritdoc/>
    public async ValueTask<TopicReply> PauseAsync(bool paused)
    {
        bool changes = false;
        TopicReply reply = await ChangeAsync(open =>
        {
            if (open.Record.Paused == paused)
                return null;
            changes = true;
            long? cursor = paused || open.Feeds.Count == 0 ? open.HandedOver : null;
            return (open.Record with { Paused = paused, Cursor = cursor }, () => { });
        });
        if (changes && reply.IsOk)
            await TellDirectoryAsync(directory => directory.NotePausedAsync(_name, "", paused));
        return reply;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicReply> DeleteChannelAsync(string channel, long incarnation)
    {
        await _changes.WaitAsync();
        try
        {
            (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
            if (open is null)
                return refusal;
            if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed) || (incarnation != 0 && feed.Record.Incarnation != incarnation))
                return new TopicReply(TopicStatus.ChannelNotFound);
            TopicRecord record = open.Record with { Channels = [.. open.Record.Channels.Where(c => c.Name != channel)] };
            if (open.Feeds.Count == 1)
                record = record with { Head = open.HandedOver, Cursor = open.HandedOver, Hidden = [] };
            // Until the record is saved the channel is there and gets what is published.
            await SaveAsync(open, record, () => open.Remove(feed));
            await RemoveChannelAsync(open, feed.Record);
            ArmTrim();
            if (_ephemeral && open.Feeds.Count == 0)
                return await DeleteOpenAsync(open);
            await NoteInDirectoryAsync(open);
            return TopicReply.Ok;
        }
        catch (StoreException e) when (e is not FencedException)
        {
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<TopicReply> EmptyChannelAsync(string channel) =>
        AskChannelAsync(channel, (open, grain, incarnation) => grain.EmptyAsync(incarnation, open.HandedOver));

    /// <inheritdoc/>
    public async ValueTask<PeekReply> PeekAsync(string channel, PeekRequest request)
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
        if (open is null)
            return new PeekReply { Status = refusal.Status, Error = refusal.Error };
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new PeekReply { Status = TopicStatus.ChannelNotFound };
        return await ChannelOf(channel).PeekAsync(request with { Incarnation = feed.Record.Incarnation });
    }

    /// <inheritdoc/>
    public ValueTask<TopicReply> RequeueMessageAsync(string channel, ulong id) =>
        AskChannelAsync(channel, (_, grain, incarnation) => grain.RequeueMessageAsync(incarnation, id));

    /// <inheritdoc/>
    public ValueTask<TopicReply> FinishMessageAsync(string channel, ulong id) =>
        AskChannelAsync(channel, (_, grain, incarnation) => grain.FinishMessageAsync(incarnation, id));

    /// <inheritdoc/>
    public async ValueTask<TopicReply> PauseChannelAsync(string channel, bool paused)
    {
        await _changes.WaitAsync();
        try
        {
            (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
            if (open is null)
                return refusal;
            if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
                return new TopicReply(TopicStatus.ChannelNotFound);
            ChannelRecord changed = feed.Record with { Paused = paused };
            TopicRecord record = open.Record with { Channels = [.. open.Record.Channels.Select(c => c.Name == channel ? changed : c)] };
            await SaveAsync(open, record, () => feed.Record = changed);
            await TellDirectoryAsync(directory => directory.NotePausedAsync(_name, channel, paused));
            // In the same turn as the record, so that the last that was saved is the last that the channel hears.
            return await TellPausedAsync(feed);
        }
        catch (StoreException e) when (e is not FencedException)
        {
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
        finally
        {
            _changes.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStats> StatsAsync(StatsRequest request)
    {
        (OpenTopic? open, _) = await GetAsync(create: false);
        if (open is null)
            return new TopicStats { Exists = false, Topic = _name };
        List<Task<ChannelStats>> channels = [];
        foreach (ChannelFeed feed in open.Feeds.Values)
        {
            if (request.Channel is null || feed.Record.Name == request.Channel)
                channels.Add(ChannelOf(feed.Record.Name).StatsAsync(feed.Record.Incarnation, request.IncludeConsumers).AsTask());
        }

        ChannelStats[] stats = await Task.WhenAll(channels);
        long depth = open.HeldCount.Messages + open.HeldCount.Deferred;
        return new TopicStats
        {
            Exists = true,
            Topic = _name,
            Depth = depth,
            BackendDepth = _ephemeral ? 0 : depth,
            MessageCount = _books.MessageCount,
            MessageBytes = _books.MessageBytes,
            Dropped = _books.DroppedCount,
            Emptied = _books.EmptiedCount,
            Paused = open.Record.Paused,
            Channels = stats,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<ChannelReply> ReportAsync(string channel, ChannelReport report)
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
        if (open is null)
            return Refuse(refusal);
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed) || feed.Record.Incarnation != report.Incarnation)
            return new ChannelReply { Status = TopicStatus.ChannelNotFound };
        try
        {
            // Nobody may have published here for long: without asking, this activation would not learn that the topic was opened elsewhere.
            await open.VerifyAsync();
        }
        catch (FencedException)
        {
            Leave();
            throw;
        }
        catch (StoreException e)
        {
            return new ChannelReply { Status = TopicStatus.Failed, Error = e.Message };
        }

        if (feed.Removed || !ReferenceEquals(open, _open))
            return new ChannelReply { Status = TopicStatus.Exiting };
        NoteFloor(feed, report.DurableFloor);
        if (!feed.Offering)
            feed.LearnEnd(report.KnownEnd);
        OfferAll(open);
        return Describe(open, feed);
    }

    private async ValueTask<ChannelReply> AddChannelAsync(string channel, bool createTopic)
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(createTopic);
        if (open is null)
            return Refuse(refusal);
        if (open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return Describe(open, feed);
        await _changes.WaitAsync();
        try
        {
            (open, refusal) = await GetAsync(createTopic);
            if (open is null)
                return Refuse(refusal);
            if (open.Feeds.TryGetValue(channel, out feed))
                return Describe(open, feed);
            long start = open.Record.Channels.Count == 0 ? open.Record.Head : open.HandedOver;
            long handedOver = open.HandedOver;
            ChannelRecord added = new(channel, open.NextIncarnation, start, Paused: false);
            TopicRecord record = open.Record with
            {
                NextIncarnation = added.Incarnation + 1,
                Channels = [.. open.Record.Channels.Append(added).OrderBy(c => c.Name, StringComparer.Ordinal)],
                Cursor = open.Record.Paused ? handedOver : null,
            };
            feed = CreateFeed(added, start);
            if (handedOver > start)
                feed.AddUnread(handedOver);
            await SaveAsync(open, record, () => open.Feeds.Add(channel, feed));
            _log.ChannelCreated(_name, channel, added.Incarnation, start);
            await NoteInDirectoryAsync(open);
            return Describe(open, feed);
        }
        catch (StoreException e) when (e is not FencedException)
        {
            return new ChannelReply { Status = TopicStatus.Failed, Error = e.Message };
        }
        finally
        {
            _changes.Release();
        }
    }

    private async ValueTask<TopicReply> AskChannelAsync(string channel, Func<OpenTopic, IChannelGrain, long, ValueTask<TopicStatus>> ask)
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
        if (open is null)
            return refusal;
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new TopicReply(TopicStatus.ChannelNotFound);
        return await AskAsync(() => ask(open, ChannelOf(channel), feed.Record.Incarnation));
    }

    private static async ValueTask<TopicReply> AskAsync(Func<ValueTask<TopicStatus>> ask)
    {
        try
        {
            return new TopicReply(await ask());
        }
        catch (StoreException e)
        {
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
    }

    private async ValueTask<TopicReply> OpenAndAppendAsync(PublishRequest request)
    {
        (OpenTopic? open, TopicReply refusal) = await GetAsync(create: true);
        return open is null ? refusal : await Append(open, request);
    }

    // Offsets are assigned and the append is handed to the log in one go: no await before that.
    private ValueTask<TopicReply> Append(OpenTopic open, PublishRequest request)
    {
        SequenceVerdict verdict = open.Sequences.Judge(request.Publisher, request.Sequence, request.Lowest);
        if (verdict != SequenceVerdict.New)
            return new ValueTask<TopicReply>(verdict == SequenceVerdict.InLog ? TopicReply.Ok : new TopicReply(TopicStatus.Unknown, UnknownOutcome));
        foreach (PendingAppend pending in open.Pending)
        {
            if (pending.Publisher == request.Publisher && pending.Sequence == request.Sequence && pending.Outcome is { } outcome)
                return AwaitTwinAsync(outcome);
        }

        MessageBatch? batch = _ephemeral ? Fit(open, request.Batch) : request.Batch;
        if (batch is null)
        {
            Count(request.Batch);
            _books.DroppedCount += request.Batch.Count;
            return new ValueTask<TopicReply>(TopicReply.Ok);
        }

        if (open.Log.Refusal(batch.Records.Length) is { } refusal)
            return new ValueTask<TopicReply>(new TopicReply(TopicStatus.Failed, refusal));
        batch = batch.At(open.Next);
        open.Next = batch.EndOffset;
        PendingAppend append = new(request.Publisher, request.Sequence, request.Lowest, batch);
        if (_traces is { IsOn: true })
            append.Started = _time.GetUtcNow();
        open.Pending.Enqueue(append);
        ValueTask write = open.Log.AppendAsync(batch, request.Publisher, request.Sequence, request.Lowest);
        if (!write.IsCompletedSuccessfully)
            return AwaitAppendAsync(open, append, write, request.Batch);
        Commit(open, append, request.Batch);
        return new ValueTask<TopicReply>(TopicReply.Ok);
    }

    private async ValueTask<TopicReply> AwaitAppendAsync(OpenTopic open, PendingAppend append, ValueTask write, MessageBatch published)
    {
        TaskCompletionSource<string?> outcome = new();
        append.Outcome = outcome.Task;
        try
        {
            await write;
        }
        catch (StoreException e)
        {
            _books.FailedCount += published.Count;
            if (!open.Broken)
                _log.AppendFailed(_name, e.Message);
            open.Broken = true;
            outcome.SetResult(e.Message);
            if (e is FencedException && (_leaving || !_closing))
            {
                // Not deleted, but elsewhere by now: whoever asks again gets there.
                Leave();
                throw;
            }

            return new TopicReply(TopicStatus.Failed, e.Message);
        }

        Commit(open, append, published);
        outcome.SetResult(null);
        return TopicReply.Ok;
    }

    private async ValueTask<TopicReply> AwaitTwinAsync(Task<string?> outcome)
    {
        if (await outcome is not { } cause)
            return TopicReply.Ok;
        ThrowIfLeaving();
        return new TopicReply(TopicStatus.Failed, cause);
    }

    private void Commit(OpenTopic open, PendingAppend append, MessageBatch published)
    {
        Count(published);
        _books.DroppedCount += published.Count - append.Batch.Count;
        if (_traces is { IsOn: true } traces)
            Trace(traces, open, append);
        foreach (ChannelFeed feed in open.CommitThrough(append.Batch.EndOffset) ?? [])
            _log.FeedLacks(_name, feed.Record.Name, append.Batch.BaseOffset, feed.From);
        if (ReferenceEquals(open, _open))
            OfferAll(open);
    }

    private void Trace(MessageTraces traces, OpenTopic open, PendingAppend append)
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (long offset in traces.Among(append.Batch.BaseOffset, append.Batch.EndOffset))
        {
            ulong id = IdOf(open, offset);
            MessageTraces.Add("publish", ActivityKind.Producer, _name, id, MessageTraces.PublishTimeOf(append.Batch, offset), now);
            MessageTraces.Add(
                "append", ActivityKind.Internal, _name, id, append.Started ?? now, now, ("messaging.batch.message_count", append.Batch.Count));
        }
    }

    private void Trace(MessageTraces traces, OpenTopic open, string channel, ChannelOffer offer, DateTimeOffset start)
    {
        DateTimeOffset now = _time.GetUtcNow();
        foreach (long offset in traces.Among(offer.From, offer.End))
        {
            MessageTraces.Add(
                "fan-out", ActivityKind.Internal, _name, IdOf(open, offset), start, now, ("messaging.destination.subscription.name", channel));
        }
    }

    private ulong IdOf(OpenTopic open, long offset) => MessageId.Of(MessageId.Prefix(_options.NodeId, open.Log.Generation), offset);

    private void Count(MessageBatch batch)
    {
        _books.MessageCount += batch.Count;
        _books.MessageBytes += batch.BodyBytes;
    }

    // An ephemeral topic holds no more than the memory queue's size; the rest is dropped although the publish succeeds (spec 2.2).
    private MessageBatch? Fit(OpenTopic open, MessageBatch batch)
    {
        if (!open.Held)
            return batch;
        long pending = open.Pending.Sum(append => (long)append.Batch.Count);
        long room = _options.MemQueueSize - open.HeldCount.Messages - open.HeldCount.Deferred - pending;
        if (room >= batch.Count)
            return batch;
        if (room <= 0)
            return null;
        return new MessageBatch
        {
            BaseOffset = MessageBatch.Unassigned,
            Count = (int)room,
            Records = batch.Records.AsSpan(0, batch.PositionOf((int)room)).ToArray(),
            DueTimes = batch.DueTimes?[..(int)room],
        };
    }

    private async ValueTask<(OpenTopic? Open, TopicReply Refusal)> GetAsync(bool create)
    {
        while (true)
        {
            ThrowIfLeaving();
            if (_closing)
                return (null, new TopicReply(TopicStatus.Exiting));
            if (_open is { Broken: false } open)
                return (open, default);
            StoreException? failure = null;
            _makers += create ? 1 : 0;
            try
            {
                await _opening.JoinAsync(() => OpenLogAsync(create));
            }
            catch (FencedException)
            {
                Leave();
                throw;
            }
            catch (StoreException e)
            {
                _log.TopicOpenFailed(_name, e.Message);
                failure = e;
            }
            finally
            {
                _makers -= create ? 1 : 0;
            }

            if (failure is null && (_open is not null || create))
                continue;
            LeaveIfNeverOpen();
            return (null, failure is null ? new TopicReply(TopicStatus.TopicNotFound) : new TopicReply(TopicStatus.Failed, failure.Message));
        }
    }

    // Another opening has taken over: nothing that is done here lasts, and whoever asks again gets where the topic is now.
    private void Leave()
    {
        if (_open is { } open)
            open.Broken = true;
        if (_leaving)
            return;
        _leaving = true;
        _log.TopicFenced(_name);
        DeactivateOnIdle();
    }

    /// <exception cref="FencedException">This activation is not, or not for long, the topic.</exception>
    private void ThrowIfLeaving()
    {
        if (_leaving)
            throw new FencedException($"topic {_name} is about to be opened elsewhere; ask again");
    }

    // Whoever asks for topics that are not there must not fill the memory with them. But a topic that was open keeps its books, and one
    // that is about to be made is made here.
    private void LeaveIfNeverOpen()
    {
        if (_open is null && _books.Open is null && _makers == 0)
            DeactivateOnIdle();
    }

    private async Task OpenLogAsync(bool create)
    {
        OpenTopic? broken = _open;
        if (broken is not null)
        {
            _open = null;
            await broken.Log.DisposeAsync();
        }

        await _stores.EnsureMemberAsync();
        IMessageStore store = _stores.Of(_name);
        ITopicLog? log = await store.OpenTopicAsync(_name, create: false);
        bool isNew = log is null && create;
        if (isNew)
            log = await MakeAsync(store);
        if (log is null)
        {
            if (broken is not null)
                await ForgetDeletedAsync();
            return;
        }

        OpenTopic open = new(log, CreateFeed);
        if (open.Committed > open.HandedOver)
            open.HeldCount = await log.CountAsync(open.HandedOver, open.Committed);
        if (broken is not null)
            ResumeFeeds(broken, open);
        _open = open;
        _isDeleted = false;
        if (isNew)
        {
            _log.TopicCreated(_name);
            _books = new TopicBooks();
        }

        _books.Open = open;
        Show();
        if (isNew)
            await NoteInDirectoryAsync(open);
        OfferAll(open);
        WakeEphemeral(open);
    }

    // They do not outlive their process, but for consumers that come back: each finds out by itself whether any do.
    private void WakeEphemeral(OpenTopic open)
    {
        foreach (ChannelFeed feed in open.Feeds.Values.Where(static feed => EphemeralName.Matches(feed.Record.Name)).ToArray())
            _ = AskFloorAsync(feed);
    }

    // What was appended and not yet offered when the log broke, and what turned out to be in the log after all, is offered from the log.
    private static void ResumeFeeds(OpenTopic broken, OpenTopic open)
    {
        foreach ((string name, ChannelFeed before) in broken.Feeds)
        {
            if (!open.Feeds.TryGetValue(name, out ChannelFeed? feed))
                continue;
            if (feed.Record.Incarnation == before.Record.Incarnation)
            {
                feed.Restart(Math.Min(before.From, feed.End));
                feed.DurableFloor = before.DurableFloor;
            }

            before.Removed = true;
        }
    }

    // The channels that other nodes have are there before the first message is, so that it reaches them all (spec 2.1).
    private async Task<ITopicLog?> MakeAsync(IMessageStore store)
    {
        IReadOnlyList<string> known = _knownChannels is { } elsewhere ? await elsewhere.FindAsync(_name) : [];
        ITopicLog? log = await store.OpenTopicAsync(_name, create: true);
        // Somebody else may have made it meanwhile: what stands in its record stays.
        if (log is null || known.Count == 0 || log.Record.NextIncarnation > 1)
            return log;
        _log.ChannelsTakenOver(_name, string.Join(' ', known));
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

    // The directory learns what holds now; until it has, it is told again. Without an open topic: that it was deleted.
    private async Task NoteInDirectoryAsync(OpenTopic? open)
    {
        _directoryIsBehind = !await TellDirectoryAsync(directory =>
            open is null ? directory.RemoveTopicAsync(_name) : directory.SetTopicAsync(_name, [.. open.Feeds.Keys]));
        if (_directoryIsBehind)
            RepeatLater();
        else if (_isDeleted)
            DeactivateOnIdle();
    }

    private async Task<bool> TellDirectoryAsync(Func<IDirectoryGrain, ValueTask> tell)
    {
        try
        {
            await tell(GrainFactory.GetGrain<IDirectoryGrain>(IDirectoryGrain.Key));
            return true;
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            // The directory is an index that is rebuilt from the records; the topic works without it.
            _log.DirectoryFailed(_name, e.Message);
            return false;
        }
    }

    private async Task<TopicReply> TellPausedAsync(ChannelFeed feed)
    {
        try
        {
            TopicStatus status = await ChannelOf(feed.Record.Name).PauseAsync(feed.Record.Incarnation, feed.Record.Paused);
            feed.PauseIsUntold = false;
            return new TopicReply(status);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            feed.PauseIsUntold = true;
            RepeatLater();
            return new TopicReply(TopicStatus.Failed, $"saved, but the channel does not answer and is told later: {e.Message}");
        }
    }

    private void RepeatLater() => _repeat ??= this.RegisterGrainTimer(
        RepeatAsync, new GrainTimerCreationOptions { DueTime = RepeatDelay, Period = Timeout.InfiniteTimeSpan, Interleave = true });

    private async Task RepeatAsync(CancellationToken cancellation)
    {
        _repeat?.Dispose();
        _repeat = null;
        await _changes.WaitAsync(cancellation);
        try
        {
            if (_directoryIsBehind && (_isDeleted || _open is not null))
                await NoteInDirectoryAsync(_isDeleted ? null : _open);
            foreach (ChannelFeed feed in _open?.Feeds.Values.Where(static feed => feed.PauseIsUntold).ToArray() ?? [])
                await TellPausedAsync(feed);
        }
        finally
        {
            _changes.Release();
        }
    }

    private async ValueTask<TopicReply> ChangeAsync(Func<OpenTopic, (TopicRecord Record, Action Apply)?> change)
    {
        await _changes.WaitAsync();
        try
        {
            (OpenTopic? open, TopicReply refusal) = await GetAsync(create: false);
            if (open is null)
                return refusal;
            if (change(open) is var (record, apply))
                await SaveAsync(open, record, apply);
            return TopicReply.Ok;
        }
        catch (StoreException e) when (e is not FencedException)
        {
            return new TopicReply(TopicStatus.Failed, e.Message);
        }
        finally
        {
            _changes.Release();
        }
    }

    // Changes the record: the fan-out cursor stands still meanwhile, so that what is saved is what holds.
    private async Task SaveAsync(OpenTopic open, TopicRecord record, Action apply)
    {
        open.Frozen = true;
        try
        {
            await open.Log.SaveRecordAsync(record);
            open.Record = record;
            apply();
        }
        catch (FencedException)
        {
            Leave();
            throw;
        }
        catch (StoreException)
        {
            // It may have been saved all the same: what holds is read again.
            open.Broken = true;
            throw;
        }
        finally
        {
            open.Frozen = false;
            open.Release();
            OfferAll(open);
        }
    }

    // The log goes first: when that fails, topic and channels are as they were.
    private async ValueTask<TopicReply> DeleteOpenAsync(OpenTopic open)
    {
        _closing = true;
        try
        {
            await open.Log.DeleteAsync();
            _open = null;
            foreach (ChannelFeed feed in open.Feeds.Values)
                feed.Removed = true;
            foreach (ChannelFeed feed in open.Feeds.Values.ToArray())
                await RemoveChannelAsync(open, feed.Record);
            await ForgetDeletedAsync();
            return TopicReply.Ok;
        }
        catch (FencedException)
        {
            Leave();
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
            _closing = false;
        }
    }

    private async Task ForgetDeletedAsync()
    {
        Forget();
        _trimmedBelow = 0;
        _log.TopicDeleted(_name);
        _books = new TopicBooks();
        // A topic of this name that is made again begins with a new activation.
        _isDeleted = true;
        await NoteInDirectoryAsync(open: null);
    }

    private async Task RemoveChannelAsync(OpenTopic open, ChannelRecord channel)
    {
        try
        {
            await ChannelOf(channel.Name).DeleteAsync(channel.Incarnation);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            // The record has forgotten the channel: its grain is told so whenever it asks.
            _log.ChannelDeleteFailed(_name, channel.Name, e.Message);
        }

        try
        {
            await _stores.Of(_name).DeleteChannelAsync(_name, open.Log.Generation, channel.Name, channel.Incarnation);
        }
        catch (StoreException e)
        {
            // What is left of it belongs to no channel, and goes when one of this name is made or the topic is deleted.
            _log.ChannelDeleteFailed(_name, channel.Name, e.Message);
        }

        _log.ChannelDeleted(_name, channel.Name);
    }

    private void OfferAll(OpenTopic open)
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
            while (feed.HasPending && !_closing)
            {
                if (feed.NeedsCount)
                    feed.SetCount(await open.Log.CountAsync(feed.From, feed.CountTo));
                ChannelOffer offer = feed.ReadTo > feed.From ? await ReadOfferAsync(open, feed) : feed.TakeOffer();
                OfferReply reply;
                MessageTraces? traces = _traces is { IsOn: true } on ? on : null;
                DateTimeOffset start = traces is null ? default : _time.GetUtcNow();
                try
                {
                    reply = await ChannelOf(feed.Record.Name).OfferAsync(offer);
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
                        if (traces is not null)
                            Trace(traces, open, feed.Record.Name, offer, start);
                        feed.Acknowledge(offer, reply.KnownEnd);
                        NoteFloor(feed, reply.DurableFloor);
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
            Leave();
        }
        catch (StoreException e)
        {
            OfferLater(feed, e.Message);
        }
        finally
        {
            feed.Offering = false;
        }

        TrimEphemeral(open);
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
        _log.OfferFailed(_name, feed.Record.Name, cause);
        _retry ??= this.RegisterGrainTimer(
            _ =>
            {
                _retry?.Dispose();
                _retry = null;
                if (_open is { } open)
                    OfferAll(open);
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions { DueTime = RetryDelay, Period = Timeout.InfiniteTimeSpan, Interleave = true });
    }

    private void NoteFloor(ChannelFeed feed, long floor)
    {
        if (feed.DurableFloor is { } before && floor <= before)
            return;
        feed.DurableFloor = floor;
        ArmTrim();
    }

    private void ArmTrim()
    {
        if (_trimArmed || _ephemeral)
            return;
        _trimArmed = true;
        if (_trim is null)
        {
            _trim = this.RegisterGrainTimer(
                TrimAsync,
                new GrainTimerCreationOptions { DueTime = TrimDelay, Period = Timeout.InfiniteTimeSpan, Interleave = true });
            return;
        }

        _trim.Change(TrimDelay, Timeout.InfiniteTimeSpan);
    }

    private async Task TrimAsync(CancellationToken cancellation)
    {
        _trimArmed = false;
        if (_open is not { Broken: false } open)
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

    private async Task AskFloorAsync(ChannelFeed feed)
    {
        try
        {
            OfferReply reply = await ChannelOf(feed.Record.Name).OfferAsync(new ChannelOffer
            {
                Incarnation = feed.Record.Incarnation,
                From = feed.From,
                End = feed.From,
                Messages = 0,
                Deferred = 0,
            });
            if (reply.Status == TopicStatus.Ok)
                NoteFloor(feed, reply.DurableFloor);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            _log.OfferFailed(_name, feed.Record.Name, e.Message);
        }
    }

    // Channels of an ephemeral topic own the bodies, so the topic keeps only what they have not got yet.
    private void TrimEphemeral(OpenTopic open)
    {
        if (!_ephemeral || open.Feeds.Count == 0)
            return;
        long below = open.HandedOver;
        foreach (ChannelFeed feed in open.Feeds.Values)
            below = Math.Min(below, feed.From);
        if (below <= _trimmedBelow)
            return;
        _trimmedBelow = below;
        _ = TryTrimAsync(open, below);
    }

    private async Task<bool> TryTrimAsync(OpenTopic open, long below)
    {
        try
        {
            await open.Log.TrimAsync(below);
            return true;
        }
        catch (FencedException) when (ReferenceEquals(open, _open))
        {
            Leave();
        }
        catch (StoreException e)
        {
            _log.TrimFailed(_name, e.Message);
        }

        return false;
    }

    private ChannelFeed CreateFeed(ChannelRecord channel, long handedOver) =>
        new(channel, handedOver, _ephemeral || EphemeralName.Matches(channel.Name), Math.Max(1, _options.MemQueueSize));

    private void Show()
    {
        _figures ??= _metrics?.Topics.Add(_books, _name);
        if (_isShown)
            return;
        _isShown = true;
        _hosted?.Add(_name);
    }

    private void Forget()
    {
        if (_isShown)
            _hosted?.Remove(_name);
        _isShown = false;
        if (_figures is { } figures)
            _metrics?.Topics.Remove(figures);
        _figures = null;
    }

    private ChannelReply Describe(OpenTopic open, ChannelFeed feed) => new()
    {
        Status = TopicStatus.Ok,
        Incarnation = feed.Record.Incarnation,
        Start = feed.Record.Start,
        End = open.HandedOver,
        Paused = feed.Record.Paused,
        IdPrefix = MessageId.Prefix(_options.NodeId, open.Log.Generation),
        Generation = open.Log.Generation,
        WasOpen = feed.WasOpen,
    };

    private static ChannelReply Refuse(TopicReply refusal) => new() { Status = refusal.Status, Error = refusal.Error };

    private IChannelGrain ChannelOf(string channel) => GrainFactory.GetGrain<IChannelGrain>(ChannelKey.Of(_name, channel));

    private static IReadOnlyList<OffsetRange> Join(IReadOnlyList<OffsetRange> ranges, OffsetRange added) =>
        ranges.Count > 0 && ranges[^1].End == added.Start
            ? [.. ranges.Take(ranges.Count - 1), ranges[^1] with { End = added.End }]
            : [.. ranges, added];
}
