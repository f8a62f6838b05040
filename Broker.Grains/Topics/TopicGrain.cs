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

namespace Broker.Grains.Topics;

/// <summary>
/// A topic: what can be asked of it. Appends are assigned their offsets in the turn that asks (<see cref="Appender"/>); what is in the log is offered to
/// each channel (<see cref="FanOut"/>) and trimmed when no channel needs it (<see cref="Retention"/>). Whatever changes the topic's record, which it owns
/// alone, has a turn of its own (<see cref="RecordChanges"/>, <see cref="ChannelRoster"/>).
/// </summary>
[Reentrant, KeepAlive, TopicPlacement]
public sealed class TopicGrain : Grain, ITopicGrain
{
    private readonly QueueOptions _options;
    private readonly TopicActivation _topic;
    private readonly TopicOpening _opening;
    private readonly PublishLimits _limits;
    private readonly Appender _appender;
    private readonly FanOut _fanOut;
    private readonly Retention _retention;
    private readonly RecordChanges _changes;
    private readonly Overflow _overflow;
    private readonly ChannelRoster _channels;
    private readonly DirectoryEntry _directory;

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
        _topic = new TopicActivation(this, GrainFactory, this.GetPrimaryKeyString(), log, metrics, hosted);
        TopicTraces spans = new(_topic.Name, options, time, traces);
        RecordTurns turns = new();
        _limits = new PublishLimits(_topic, time);
        TopicPolicies policies = new(_topic.Name, options, _limits);
        _retention = new Retention(_topic);
        _fanOut = new FanOut(_topic, _retention, spans);
        _appender = new Appender(_topic, _fanOut, options, spans);
        _topic.Lane = new TopicLane(_topic, _limits, _appender);
        _directory = new DirectoryEntry(_topic, turns);
        _opening = new TopicOpening(_topic, stores, knownChannels, options, _directory, _fanOut, _retention, policies);
        _changes = new RecordChanges(_topic, turns, _opening, _fanOut);
        _overflow = new Overflow(_topic, _limits, _retention, _changes, time);
        policies.Changed = _overflow.LookForOld;
        _channels = new ChannelRoster(_topic, _opening, turns, _changes, _directory, _retention, stores, policies, options, time);
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _topic.IsClosing = true;
        _topic.IsLeaving = true;
        _topic.Forget();
        if (_topic.Open is { } open)
        {
            _topic.Open = null;
            await open.Log.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TopicReply> CreateAsync()
    {
        (OpenTopic? open, TopicReply refusal) = await _opening.GetAsync(create: true);
        return open is null ? refusal : TopicReply.Ok;
    }

    /// <inheritdoc/>
    public ValueTask<TopicReply> PublishAsync(PublishRequest request) =>
        _topic is { Open: { Broken: false } open, IsClosing: false } && !_limits.IsSet && (!request.AreDeadLetters || open.Record.TakesDeadLetters)
            ? _appender.Append(open, request)
            : OpenAndAppendAsync(request);

    /// <inheritdoc/>
    public ValueTask<ChannelReply> CreateChannelAsync(string channel) => _channels.AddAsync(channel, createTopic: true);

    /// <inheritdoc/>
    public ValueTask<ChannelReply> AddChannelAsync(string channel) => _channels.AddAsync(channel, createTopic: false);

    /// <inheritdoc/>
    public ValueTask<ChannelReply> DescribeChannelAsync(string channel) => _channels.DescribeAsync(channel);

    /// <inheritdoc/>
    public ValueTask<TopicReply> DeleteAsync() => _changes.ChangeAsync(_channels.DeleteTopicAsync);

    /// <inheritdoc/>
    public ValueTask<TopicReply> EmptyAsync() => _changes.ChangeAsync(async open =>
    {
        long end = open.Committed;
        LogCount emptied = open.HeldCount;
        if (!open.Held || end == open.HandedOver)
            return TopicReply.Ok;
        await _changes.SaveAsync(open, open.RecordWithout(end), () =>
        {
            open.Empty(end, emptied);
            _topic.Books.EmptiedCount += emptied.Total;
        });
        return TopicReply.Ok;
    });

    /// <inheritdoc/>
    public async ValueTask<TopicReply> PauseAsync(bool paused)
    {
        bool changes = false;
        TopicReply reply = await _changes.ChangeAsync(async open =>
        {
            if (open.Record.Paused == paused)
                return TopicReply.Ok;
            changes = true;
            long? cursor = paused || open.Feeds.Count == 0 ? open.HandedOver : null;
            await _changes.SaveAsync(open, open.Record with { Paused = paused, Cursor = cursor }, static () => { });
            return TopicReply.Ok;
        });
        if (changes && reply.IsOk)
            await _directory.TellAsync(directory => directory.NotePausedAsync(_topic.Name, "", paused));
        return reply;
    }

    /// <inheritdoc/>
    public ValueTask<TopicReply> DeleteChannelAsync(string channel, long incarnation) => _channels.DeleteAsync(channel, incarnation);

    /// <inheritdoc/>
    public ValueTask<TopicReply> PauseChannelAsync(string channel, bool paused) => _channels.PauseAsync(channel, paused);

    /// <inheritdoc/>
    public ValueTask<PolicyReply> PolicyAsync(string channel) => _channels.DescribePolicyAsync(channel);

    /// <inheritdoc/>
    public ValueTask<TopicReply> ChangePolicyAsync(TopicPolicy policy, TopicPolicy? expected) => _channels.ChangePolicyAsync(policy, expected);

    /// <inheritdoc/>
    public ValueTask<TopicReply> ChangeChannelPolicyAsync(string channel, ChannelPolicy policy, ChannelPolicy? expected) =>
        _channels.ChangePolicyAsync(channel, policy, expected);

    /// <inheritdoc/>
    public ValueTask<TopicReply> EmptyChannelAsync(string channel) =>
        _channels.AskAsync(channel, static (open, grain, incarnation) => grain.EmptyAsync(incarnation, open.HandedOver));

    /// <inheritdoc/>
    public ValueTask<TopicReply> RequeueMessageAsync(string channel, ulong id) =>
        _channels.AskAsync(channel, (_, grain, incarnation) => grain.RequeueMessageAsync(incarnation, id));

    /// <inheritdoc/>
    public ValueTask<TopicReply> FinishMessageAsync(string channel, ulong id) =>
        _channels.AskAsync(channel, (_, grain, incarnation) => grain.FinishMessageAsync(incarnation, id));

    /// <inheritdoc/>
    public ValueTask<DeadReply> DeadAsync(string channel, DeadRequest request) => _channels.AskAsync(
        channel,
        (grain, incarnation) => grain.DeadAsync(request with { Incarnation = incarnation }),
        static refusal => new DeadReply { Status = refusal.Status, Error = refusal.Error });

    /// <inheritdoc/>
    public ValueTask<DeadDiscardReply> DiscardDeadAsync(string channel, DeadFilter filter, long from) => _channels.AskAsync(
        channel,
        (grain, incarnation) => grain.DiscardDeadAsync(incarnation, filter, from),
        static refusal => new DeadDiscardReply { Status = refusal.Status, Error = refusal.Error });

    /// <inheritdoc/>
    public ValueTask<TopicReply> RedriveAsync(string channel, Redrive? redrive) => _channels.RedriveAsync(channel, redrive);

    /// <inheritdoc/>
    public ValueTask<RedriveReply> DescribeRedriveAsync(string channel) => _channels.AskAsync(
        channel,
        static (grain, incarnation) => grain.DescribeRedriveAsync(incarnation),
        static refusal => new RedriveReply { Status = refusal.Status, Error = refusal.Error });

    /// <inheritdoc/>
    public ValueTask<TopicReply> EndRedriveAsync(string channel, long incarnation, long started) =>
        _channels.EndRedriveAsync(channel, incarnation, started);

    /// <inheritdoc/>
    public async ValueTask<PeekReply> PeekHeldAsync(PeekRequest request)
    {
        (OpenTopic? open, TopicReply refusal) = await _opening.GetAsync(create: false);
        if (open is null)
            return new PeekReply { Status = refusal.Status, Error = refusal.Error };
        try
        {
            return await new TopicPeek(open, MessageId.Prefix(_options.NodeId, open.Log.Generation), request).LookAsync();
        }
        catch (StoreException e)
        {
            return new PeekReply { Status = TopicStatus.Failed, Error = e.Message };
        }
    }

    /// <inheritdoc/>
    public async ValueTask<PeekReply> PeekAsync(string channel, PeekRequest request)
    {
        (OpenTopic? open, TopicReply refusal) = await _opening.GetAsync(create: false);
        if (open is null)
            return new PeekReply { Status = refusal.Status, Error = refusal.Error };
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed))
            return new PeekReply { Status = TopicStatus.ChannelNotFound };
        return await _topic.ChannelOf(channel).PeekAsync(request with { Incarnation = feed.Record.Incarnation });
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStats> StatsAsync(StatsRequest request)
    {
        (OpenTopic? open, _) = await _opening.GetAsync(create: false);
        if (open is null)
            return new TopicStats { Exists = false, Topic = _topic.Name };
        List<Task<ChannelStats>> channels = [];
        foreach (ChannelFeed feed in open.Feeds.Values)
        {
            if (request.Channel is null || feed.Record.Name == request.Channel)
                channels.Add(_topic.ChannelOf(feed.Record.Name).StatsAsync(feed.Record.Incarnation, request.IncludeConsumers).AsTask());
        }

        ChannelStats[] stats = await Task.WhenAll(channels);
        TopicBooks books = _topic.Books;
        return new TopicStats
        {
            Exists = true,
            Topic = _topic.Name,
            Depth = open.HeldCount.Total,
            BackendDepth = _topic.IsEphemeral ? 0 : open.HeldCount.Total,
            MessageCount = books.Before.Total + books.MessageCount,
            MessageBytes = books.Before.Bytes + books.MessageBytes,
            MessagesBefore = books.Before.Total,
            BytesBefore = books.Before.Bytes,
            Dropped = books.DroppedCount,
            Emptied = books.EmptiedCount,
            Paused = open.Record.Paused,
            Channels = stats,
        };
    }

    /// <inheritdoc/>
    public async ValueTask<ChannelReply> ReportAsync(string channel, ChannelReport report)
    {
        (OpenTopic? open, TopicReply refusal) = await _opening.GetAsync(create: false);
        if (open is null)
            return ChannelRoster.Refuse(refusal);
        if (!open.Feeds.TryGetValue(channel, out ChannelFeed? feed) || feed.Record.Incarnation != report.Incarnation)
            return new ChannelReply { Status = TopicStatus.ChannelNotFound };
        try
        {
            // Nobody may have published here for long: without asking, this activation would not learn that the topic was opened elsewhere.
            await open.VerifyAsync();
        }
        catch (FencedException)
        {
            _topic.Leave();
            throw;
        }
        catch (StoreException e)
        {
            return new ChannelReply { Status = TopicStatus.Failed, Error = e.Message };
        }

        if (feed.Removed || !ReferenceEquals(open, _topic.Open))
            return new ChannelReply { Status = TopicStatus.Exiting };
        _retention.NoteFloor(feed, report.DurableFloor);
        if (!feed.Offering)
            feed.LearnEnd(report.KnownEnd);
        _fanOut.OfferAll(open);
        return _channels.Describe(open, feed);
    }

    private async ValueTask<TopicReply> OpenAndAppendAsync(PublishRequest request)
    {
        if (request.AreDeadLetters && await _channels.TakeDeadLettersAsync() is { IsOk: false } failure)
            return failure;
        (OpenTopic? open, TopicReply refusal) = await _opening.GetAsync(create: true);
        if (open is null || !_limits.IsSet)
            return open is null ? refusal : await _appender.Append(open, request);
        if (open.Appends.Judge(request) == SequenceVerdict.New)
        {
            TopicReply admitted = await _limits.AdmitAsync(open, request);
            _overflow.Watch(open);
            if (!admitted.IsOk)
                return admitted;
            (open, refusal) = await _opening.GetAsync(create: true);
            if (open is null)
                return refusal;
        }

        TopicReply reply = await _appender.Append(open, request);
        _overflow.Watch(open);
        return reply.IsOk ? _limits.Accepted : reply;
    }
}
