using Broker.Channels;
using Broker.Gateways;
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

namespace Broker.Grains.Channels;

/// <summary>
/// A channel: a <see cref="ChannelQueue"/> with its log, its progress, its timers and its gateways.
/// </summary>
[Reentrant, KeepAlive, TopicPlacement]
public sealed class ChannelGrain : Grain, IChannelGrain
{
    private const int ReadBytes = 512 << 10;
    private const int FetchMessages = 256;
    private const int StragglersAtOnce = 256;
    private const long StragglerDistance = 10_000;
    private static readonly TimeSpan TickPeriod = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ReadRetryDelay = TimeSpan.FromSeconds(1);

    private readonly QueueOptions _options;
    private readonly TopicStores _stores;
    private readonly TimeProvider _time;
    private readonly ChannelSeed _seed;
    private readonly ILogger<ChannelGrain> _log;
    private readonly MessageTraces? _traces;
    private readonly GrainMetrics? _metrics;
    private string _topic = "";
    private string _name = "";
    private bool _ownsBodies;
    private OpenChannel? _open;
    private readonly SingleRun _opening = new();
    private OpenChannel? _left;
    private int _pauses;
    private IGrainTimer? _deadline;
    private long _deadlineAt = long.MaxValue;
    private IGrainTimer? _tick;
    private long _ticked;
    private ChannelReport _lastReport;
    private long _stragglerFloor = -1;
    private long _stragglerSince;
    private Census<OpenChannel>.Entry? _figures;

    /// <summary>Activated by the silo.</summary>
    /// <param name="context">What Orleans knows of the activation.</param>
    /// <param name="options">Limits of topics and channels.</param>
    /// <param name="stores">Where the channel's progress is kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="seed">What the channel draws by chance begins with.</param>
    /// <param name="log">The log.</param>
    /// <param name="traces">Traces messages; null for never.</param>
    /// <param name="metrics">Where the channel shows its figures; null for nowhere.</param>
    public ChannelGrain(
        IGrainContext context, QueueOptions options, TopicStores stores, TimeProvider time, ChannelSeed seed, ILogger<ChannelGrain> log,
        MessageTraces? traces = null, GrainMetrics? metrics = null)
        : base(context)
    {
        _options = options;
        _stores = stores;
        _time = time;
        _seed = seed;
        _log = log;
        _traces = traces;
        _metrics = metrics;
    }

    /// <inheritdoc/>
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        (_topic, _name) = ChannelKey.Parse(this.GetPrimaryKeyString());
        _ownsBodies = EphemeralName.Matches(_topic) || EphemeralName.Matches(_name);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_left is { Progress: { } fenced })
            await fenced.DisposeAsync();
        if (_open is not { } open)
            return;
        _open = null;
        Forget();
        if (open.Progress is null)
            return;
        open.Queue.NoteInFlight();
        WriteNotes(open);
        await open.Progress.DisposeAsync();
    }

    /// <inheritdoc/>
    public ValueTask<CommandReply> ExecuteAsync(CommandBatch commands) =>
        _open is { } open && open.Incarnation == commands.Incarnation
            ? new ValueTask<CommandReply>(Execute(open, commands))
            : OpenAndExecuteAsync(commands);

    /// <inheritdoc/>
    public ValueTask<OfferReply> OfferAsync(ChannelOffer offer) =>
        _open is { } open && open.Incarnation == offer.Incarnation && (offer.Batches is not null || offer.Deferred == 0)
            ? new ValueTask<OfferReply>(TakeOffer(open, offer, []))
            : OpenAndTakeOfferAsync(offer);

    /// <inheritdoc/>
    public async ValueTask<AttachReply> AttachAsync(AttachRequest request)
    {
        OpenChannel? open;
        try
        {
            open = await GetAsync(request.Incarnation);
        }
        catch (StoreException e)
        {
            _log.ChannelOpenFailed(_topic, _name, e.Message);
            return new AttachReply(AttachStatus.Failed, 0, e.Message);
        }

        if (open is null || open.Leaving)
            return new AttachReply(AttachStatus.Gone);
        int limit = _options.MaxChannelConsumers;
        if (!request.Again && limit > 0 && open.ConsumerCount + request.Consumers.Length > limit)
            return new AttachReply(AttachStatus.TooManyConsumers);

        Moment now = Moment.Of(_time);
        if (!open.Gateways.TryGetValue(request.Gateway, out AttachedGateway? gateway))
        {
            gateway = new AttachedGateway(request.Gateway, request.Observer);
            open.Gateways.Add(request.Gateway, gateway);
        }

        gateway.LastHeard = now.Steady;
        gateway.Observer = request.Observer;
        if (request.Again)
        {
            gateway.LastSequence = 0;
            foreach (Consumer gone in gateway.Consumers.Values.ExceptBy(request.Consumers.Select(c => c.Consumer), c => c.Number).ToArray())
                open.Queue.Leave(gone);
        }

        foreach (ConsumerAttachment attachment in request.Consumers)
        {
            if (gateway.Consumers.TryGetValue(attachment.Consumer, out Consumer? known))
            {
                known.SetCredit(attachment.Received ?? known.Sent, attachment.Window);
                open.Queue.SetReady(known, attachment.Ready);
                continue;
            }

            open.Queue.Join(new Consumer(gateway, attachment), attachment.InFlight, now);
        }

        StartTick();
        EndTurn(open, now);
        return new AttachReply(AttachStatus.Ok, open.IdPrefix);
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> PauseAsync(long incarnation, bool paused)
    {
        if (await GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        _pauses++;
        open.Queue.Paused = paused;
        EndTurn(open, Moment.Of(_time));
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> EmptyAsync(long incarnation, long end)
    {
        if (await GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        open.Queue.Empty(end, open.Consumers);
        EndTurn(open, Moment.Of(_time));
        await FlushAsync(open);
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> DeleteAsync(long incarnation)
    {
        if (_opening.UnderWay is { } opening)
            await Task.WhenAny(opening);
        if (_open is not { } open || open.Incarnation != incarnation)
        {
            LeaveIfGone();
            return TopicStatus.ChannelNotFound;
        }

        await CloseAsync(open);
        LeaveIfGone();
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<PeekReply> PeekAsync(PeekRequest request)
    {
        try
        {
            return await GetAsync(request.Incarnation) is { } open
                ? await new ChannelPeek(open, request, Moment.Of(_time)).LookAsync()
                : new PeekReply { Status = TopicStatus.ChannelNotFound };
        }
        catch (StoreException e)
        {
            return new PeekReply { Status = TopicStatus.Failed, Error = e.Message };
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> RequeueMessageAsync(long incarnation, ulong id)
    {
        if (await GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        if (MessageId.PrefixOf(id) != open.IdPrefix || !open.Queue.RequeueNow(MessageId.OffsetOf(id)))
            return TopicStatus.MessageNotFound;
        EndTurn(open, Moment.Of(_time));
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> FinishMessageAsync(long incarnation, ulong id)
    {
        if (await GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        // What only the log knows must be there: an offset that never had a message is not one to finish.
        PeekRequest search = new() { Stage = MessageStage.Waiting, Id = id, Limit = 1, BodyLimit = 0 };
        PeekReply found = await new ChannelPeek(open, search, Moment.Of(_time)).LookAsync();
        if (found.Messages.Length == 0 || !ReferenceEquals(open, _open) || !open.Queue.Drop(MessageId.OffsetOf(id)))
            return TopicStatus.MessageNotFound;
        EndTurn(open, Moment.Of(_time));
        await FlushAsync(open);
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<ChannelStats> StatsAsync(long incarnation, bool includeConsumers)
    {
        OpenChannel? open = null;
        try
        {
            open = await GetAsync(incarnation);
        }
        catch (StoreException e)
        {
            // Figures of the others are wanted all the same.
            _log.ChannelOpenFailed(_topic, _name, e.Message);
        }

        if (open is null)
            return new ChannelStats { Channel = _name };
        ChannelQueue queue = open.Queue;
        return new ChannelStats
        {
            Channel = _name,
            Depth = queue.Depth,
            BackendDepth = _ownsBodies ? 0 : queue.BackendDepth,
            InFlight = queue.InFlight,
            Deferred = queue.Deferred,
            MessageCount = queue.MessageCount,
            Requeued = queue.RequeueCount,
            TimedOut = queue.TimeoutCount,
            Finished = queue.FinishedCount,
            Discarded = queue.DiscardedCount,
            DiscardedByCause = [.. queue.Discarded],
            StartedWith = queue.StartedWith,
            Delivered = queue.DeliveredCount,
            Deferrals = queue.DeferralCount,
            Latency = queue.RecentLatencies?.Read(Moment.NanosecondsOf(_time)),
            ZoneLocal = queue.DeliveriesByProximity[(int)Proximity.Zone],
            RegionLocal = queue.DeliveriesByProximity[(int)Proximity.Region],
            Global = queue.DeliveriesByProximity[(int)Proximity.Global],
            ConsumerCount = open.ConsumerCount,
            Paused = queue.Paused,
            Consumers = includeConsumers ? [.. open.Consumers.Select(Describe)] : null,
        };
    }

    private static ConsumerStats Describe(Consumer consumer) => new()
    {
        Gateway = consumer.Gateway.Id,
        Consumer = consumer.Number,
        Ready = consumer.Ready,
        InFlight = consumer.InFlight,
        Delivered = consumer.Delivered,
        Finished = consumer.Finished,
        Requeued = consumer.Requeued,
    };

    private async ValueTask<CommandReply> OpenAndExecuteAsync(CommandBatch commands)
    {
        try
        {
            return await GetAsync(commands.Incarnation) is { } open ? Execute(open, commands) : new CommandReply(CommandStatus.Gone);
        }
        catch (StoreException e)
        {
            // To attach says why it cannot be opened, and tries again.
            _log.ChannelOpenFailed(_topic, _name, e.Message);
            return new CommandReply(CommandStatus.NotAttached);
        }
    }

    private CommandReply Execute(OpenChannel open, CommandBatch commands)
    {
        if (!open.Gateways.TryGetValue(commands.Gateway, out AttachedGateway? gateway))
            return new CommandReply(CommandStatus.NotAttached);
        Moment now = Moment.Of(_time);
        gateway.LastHeard = now.Steady;
        if (commands.Sequence == gateway.LastSequence)
            return gateway.LastReply;
        // A consumer that joined just after the channel was activated anew made the gateway known, but not what it had here before.
        if (commands.Sequence != gateway.LastSequence + 1)
            return new CommandReply(CommandStatus.NotAttached);
        List<CommandFailure>? failures = null;
        long nanoseconds = open.Queue.Latencies is null ? 0 : Moment.NanosecondsOf(_time);
        MessageTraces? traces = _traces is { IsOn: true } on ? on : null;
        ReadOnlySpan<ConsumerCommand> list = commands.Commands;
        Consumer? consumer = null;
        for (int i = 0; i < list.Length; i++)
        {
            ref readonly ConsumerCommand command = ref list[i];
            if (consumer?.Number != command.Consumer && !gateway.Consumers.TryGetValue(command.Consumer, out consumer))
                continue;
            if (traces is not null && command.Kind is CommandKind.Finish or CommandKind.Requeue && traces.Includes(command.Offset))
                Trace(open, consumer!, command, now);
            if (Execute(open.Queue, consumer!, command, now, nanoseconds) is { } cause)
                (failures ??= []).Add(new CommandFailure(i, cause));
            if (command.Kind == CommandKind.Detach)
                consumer = null;
        }

        gateway.LastSequence = commands.Sequence;
        gateway.LastReply = new CommandReply(CommandStatus.Ok, failures?.ToArray());
        if (gateway.Consumers.Count == 0)
        {
            open.Gateways.Remove(gateway.Id);
            LeaveIfEphemeral(open);
        }

        EndTurn(open, now);
        return gateway.LastReply;
    }

    private void Trace(OpenChannel open, Consumer consumer, in ConsumerCommand command, Moment now)
    {
        if (!open.Queue.TryFindDelivery(consumer, command.Offset, out long delivered, out ushort attempts))
            return;
        MessageTraces.Add(
            command.Kind == CommandKind.Finish ? "finish" : "requeue",
            ActivityKind.Consumer,
            _topic,
            MessageId.Of(open.IdPrefix, command.Offset),
            DateTimeOffset.FromUnixTimeMilliseconds(now.ToWall(delivered)),
            DateTimeOffset.FromUnixTimeMilliseconds(now.Wall),
            ("messaging.destination.subscription.name", _name),
            ("nsq.message.attempts", (int)attempts));
    }

    private static CommandFailureCause? Execute(ChannelQueue queue, Consumer consumer, in ConsumerCommand command, Moment now, long nanoseconds)
    {
        switch (command.Kind)
        {
            case CommandKind.Finish:
                return queue.Finish(consumer, command.Offset, nanoseconds);
            case CommandKind.Requeue:
                return queue.Requeue(consumer, command.Offset, command.Value, now);
            case CommandKind.Touch:
                return queue.Touch(consumer, command.Offset, now.Steady);
            case CommandKind.Ready:
                queue.SetReady(consumer, (int)command.Value);
                return null;
            case CommandKind.Window:
                queue.GrowWindow(consumer, command.Value);
                return null;
            case CommandKind.Credit:
                queue.SetCredit(consumer, command.Offset, command.Value);
                return null;
            case CommandKind.Detach when command.Value == 1:
                queue.Leave(consumer, written: command.Offset);
                return null;
            case CommandKind.Detach:
                queue.Leave(consumer);
                return null;
            default:
                throw new ArgumentOutOfRangeException(nameof(command), command.Kind, "unknown command of a gateway");
        }
    }

    private async ValueTask<OfferReply> OpenAndTakeOfferAsync(ChannelOffer offer)
    {
        try
        {
            if (await GetAsync(offer.Incarnation) is not { } open)
                return new OfferReply(TopicStatus.ChannelNotFound);
            IReadOnlyList<DeferredHeader> deferred = [];
            if (offer.Batches is null && offer.Deferred > 0)
                deferred = await open.Reader!.ReadDeferredAsync(Math.Max(offer.From, open.Queue.End), offer.End);
            return ReferenceEquals(open, _open) ? TakeOffer(open, offer, deferred) : new OfferReply(TopicStatus.ChannelNotFound);
        }
        catch (StoreException e)
        {
            _log.ChannelOpenFailed(_topic, _name, e.Message);
            return new OfferReply(TopicStatus.Failed);
        }
    }

    private OfferReply TakeOffer(OpenChannel open, ChannelOffer offer, IReadOnlyList<DeferredHeader> deferred)
    {
        ChannelQueue queue = open.Queue;
        Moment now = Moment.Of(_time);
        queue.Observe(now);
        if (open.Reader is { } reader && reader.Hidden.Count > 0)
            queue.Hide(reader.Hidden);
        if (offer.End > queue.End && offer.Unaccounted is not 0 and long lacking)
        {
            _log.OfferLacks(_topic, _name, offer.From, offer.End, lacking, queue.End);
            return new OfferReply(TopicStatus.Ok, _ownsBodies ? offer.From : queue.End, open.DurableFloor);
        }

        if (_ownsBodies)
            queue.SkipTo(offer.From);
        if (offer.Dropped > 0 && offer.End > queue.End)
            queue.CountDropped(offer.Dropped);
        if (offer.Batches is { } batches)
            queue.Offer(offer.From, offer.End, batches);
        else
            queue.Offer(offer.From, offer.End, offer.Messages, deferred);
        EndTurn(open, now);
        return new OfferReply(TopicStatus.Ok, queue.End, open.DurableFloor);
    }

    private async ValueTask CloseAsync(OpenChannel open)
    {
        _open = null;
        Forget();
        foreach (AttachedGateway gateway in open.Gateways.Values)
            gateway.Observer.Close(this.GetPrimaryKeyString(), open.Incarnation);
        if (open.Progress is { } progress)
            await progress.DisposeAsync();
    }

    // What was deleted, and what never was and is only asked for, must not fill the memory. Whoever asks next finds a new activation.
    private void LeaveIfGone()
    {
        if (_open is null && _opening.UnderWay is null)
            DeactivateOnIdle();
    }

    private async ValueTask<OpenChannel?> GetAsync(long incarnation)
    {
        while (true)
        {
            if (_open is { } open)
            {
                if (open.Incarnation == incarnation)
                    return open;
                if (open.Incarnation > incarnation)
                    return null;
                // The incarnation that is open was deleted and made again without word of it.
                await CloseAsync(open);
            }

            try
            {
                await _opening.JoinAsync(OpenAsync);
            }
            catch (FencedException)
            {
                // Deleted or opened elsewhere meanwhile: whoever asks again gets there.
                LeaveIfGone();
                throw;
            }

            if (_open is null || _open.Incarnation < incarnation)
            {
                LeaveIfGone();
                return null;
            }
        }
    }

    private async Task OpenAsync()
    {
        await _stores.EnsureMemberAsync();
        ChannelReply record = await GrainFactory.GetGrain<ITopicGrain>(_topic).DescribeChannelAsync(_name);
        switch (record.Status)
        {
            case TopicStatus.Ok:
                break;
            case TopicStatus.Failed:
                throw new StoreException(record.Error ?? $"topic {_topic} cannot be opened");
            default:
                return;
        }

        ChannelQueue queue = new(
            new ChannelLimits
            {
                WindowMessages = _options.MemQueueSize,
                WindowBytes = _options.MemQueueBytes,
                OwnsBodies = _ownsBodies,
                MaxMessageTimeout = (long)_options.MaxMsgTimeout.TotalMilliseconds,
                MaxRequeueDelay = (long)_options.MaxReqTimeout.TotalMilliseconds,
                TopologyAware = _options.TopologyAware,
            },
            record.Start,
            _seed.For(record.Incarnation))
        {
            Paused = record.Paused,
            Latencies = _metrics is null && !_options.KeepsLatency ? null : new LatencyHistogram(),
            RecentLatencies = _options.KeepsLatency
                ? new LatencyWindow(_options.LatencyWindow.Ticks / 2 * TimeSpan.NanosecondsPerTick, Moment.NanosecondsOf(_time))
                : null,
        };
        queue.Observe(Moment.Of(_time));
        ITopicReader? reader = null;
        IChannelProgress? progress = null;
        bool known = false;
        if (_ownsBodies)
        {
            queue.Recover(null, [], [], record.Start);
        }
        else
        {
            IMessageStore store = _stores.Of(_topic);
            reader = await store.OpenReaderAsync(_topic, record.Generation);
            if (reader is null)
                return;
            progress = await store.OpenChannelAsync(_topic, record.Generation, _name, record.Incarnation);
            ChannelState? state = await progress.LoadAsync();
            known = state is not null;
            await RecoverAsync(queue, reader, state, Math.Max(record.Start, state?.Floor ?? 0), record.End);
        }

        long opened = Moment.Of(_time).Steady;
        _open = new OpenChannel
        {
            Incarnation = record.Incarnation,
            Start = record.Start,
            IdPrefix = record.IdPrefix,
            Queue = queue,
            Reader = reader,
            Progress = progress,
            HeldUntil = known ? opened + (long)_options.HandOverWait.TotalMilliseconds : 0,
            AttachedBy = record.WasOpen && EphemeralName.Matches(_name)
                ? opened + (long)_options.GatewayTimeout.TotalMilliseconds
                : long.MaxValue,
        };
        _lastReport = default;
        _figures = _metrics?.Channels.Add(_open, _topic, _name);
        StartTick();
    }

    private static async Task RecoverAsync(ChannelQueue queue, ITopicReader reader, ChannelState? state, long floor, long end)
    {
        IReadOnlyList<DeferredHeader> deferred = end > floor ? await reader.ReadDeferredAsync(floor, end) : [];
        queue.Recover(state, deferred, reader.Hidden, end);
        long backlog = 0;
        long known = 0;
        foreach (OffsetRange range in queue.Unfinished(queue.End).ToArray())
            backlog += (await reader.CountAsync(range.Start, range.End)).Messages;
        if (state is not null)
        {
            // What is known one by one and came at once is in the log's count; deferred batches are not.
            HashSet<long> born = [.. deferred.SelectMany(header => Enumerable.Range(0, header.DueTimes.Length).Select(i => header.BaseOffset + i))];
            known = state.Messages.Count(message => !message.Kept && queue.IsKnown(message.Offset) && !born.Contains(message.Offset));
        }

        queue.SetBacklog(backlog, known);
        if (state is null)
            queue.CountAll();
    }

    // Everything that a change of the queue calls for: deliveries, notes, timers, reads.
    private void EndTurn(OpenChannel open, Moment now)
    {
        ChannelQueue queue = open.Queue;
        if (now.Steady >= open.HeldUntil)
            queue.Dispatch(now.Steady);
        WriteNotes(open);
        SendOutgoing(open);
        ArmDeadline(open, now);
        if (!open.Reading && (queue.WantsLog || queue.WantsBodies))
            _ = ReadAsync(open);
    }

    private void WriteNotes(OpenChannel open)
    {
        open.Queue.CompleteNotes();
        List<ProgressEntry> notes = open.Queue.Notes;
        if (open.Progress is { } progress)
        {
            foreach (ProgressEntry note in notes)
                progress.Note(note);
        }

        notes.Clear();
    }

    private void SendOutgoing(OpenChannel open)
    {
        List<AttachedGateway> outgoing = open.Queue.Outgoing;
        foreach (AttachedGateway gateway in outgoing)
        {
            Delivery delivery = new()
            {
                ChannelKey = this.GetPrimaryKeyString(),
                Incarnation = open.Incarnation,
                Runs = gateway.Outbox.ToArray(),
            };
            gateway.Outbox.Clear();
            gateway.Observer.Deliver(delivery);
        }

        outgoing.Clear();
    }

    private void ArmDeadline(OpenChannel open, Moment now)
    {
        long next = open.Queue.NextDeadline(now);
        if (open.HeldUntil > now.Steady)
            next = Math.Min(next, open.HeldUntil);
        if (next >= _deadlineAt)
            return;
        _deadlineAt = next;
        // Timers take no more than about 49 days; a longer wait is armed again when it fires.
        TimeSpan due = TimeSpan.FromMilliseconds(Math.Clamp(next - now.Steady, 1, 1L << 31));
        if (_deadline is null)
        {
            _deadline = this.RegisterGrainTimer(
                OnDeadline,
                new GrainTimerCreationOptions { DueTime = due, Period = Timeout.InfiniteTimeSpan, Interleave = true });
            return;
        }

        _deadline.Change(due, Timeout.InfiniteTimeSpan);
    }

    private Task OnDeadline(CancellationToken cancellation)
    {
        _deadlineAt = long.MaxValue;
        if (_open is { } open)
        {
            Moment now = Moment.Of(_time);
            open.Queue.Expire(now);
            EndTurn(open, now);
        }

        return Task.CompletedTask;
    }

    private void Forget()
    {
        if (_figures is { } figures)
            _metrics?.Channels.Remove(figures);
        _figures = null;
    }

    private void StartTick()
    {
        if (_tick is not null)
            return;
        _ticked = Moment.Of(_time).Steady;
        _tick = this.RegisterGrainTimer(
            TickAsync, new GrainTimerCreationOptions { DueTime = TickPeriod, Period = TickPeriod, Interleave = true });
    }

    private async Task TickAsync(CancellationToken cancellation)
    {
        if (_open is { } open)
        {
            AllowForStandstill(open);
            await LookAfterAsync(open);
        }

        _ticked = Moment.Of(_time).Steady;
    }

    // A tick that is late says that this process stood still, not that others did: what they have sent meanwhile waits to be read.
    private void AllowForStandstill(OpenChannel open)
    {
        long now = Moment.Of(_time).Steady;
        long late = Math.Max(0, now - _ticked - (long)TickPeriod.TotalMilliseconds);
        foreach (AttachedGateway gateway in open.Gateways.Values)
            gateway.LastHeard = Math.Min(now, gateway.LastHeard + late);
        if (open.AttachedBy < long.MaxValue)
            open.AttachedBy += late;
    }

    private async Task LookAfterAsync(OpenChannel open)
    {
        if (open.Progress is { IsFenced: true })
        {
            Leave(open);
            return;
        }

        Moment now = Moment.Of(_time);
        DropDeadGateways(open, now.Steady);
        // The wall clock may have been set, which no timer tells.
        open.Queue.Expire(now);
        EndTurn(open, now);
        if (now.Steady >= open.AttachedBy)
            LeaveIfEphemeral(open);
        try
        {
            await ReportAsync(open);
            await KeepStragglersAsync(open, now.Steady);
        }
        catch (FencedException)
        {
            Leave(open);
        }
        catch (StoreException e)
        {
            _log.ProgressFailed(_topic, _name, e.Message);
        }
    }

    // The channel was opened elsewhere, so nothing that is done here lasts: its gateways are to find it there.
    private void Leave(OpenChannel open)
    {
        if (!ReferenceEquals(open, _open))
            return;
        _log.ChannelFenced(_topic, _name, open.Gateways.Count);
        _open = null;
        _left = open;
        Forget();
        DeactivateOnIdle();
    }

    private void DropDeadGateways(OpenChannel open, long now)
    {
        long limit = (long)_options.GatewayTimeout.TotalMilliseconds;
        foreach (AttachedGateway gateway in open.Gateways.Values.ToArray())
        {
            if (now - gateway.LastHeard <= limit)
                continue;
            _log.GatewayLost(_topic, _name, gateway.Id, gateway.Consumers.Count);
            foreach (Consumer consumer in gateway.Consumers.Values.ToArray())
                open.Queue.Leave(consumer);
            open.Gateways.Remove(gateway.Id);
            LeaveIfEphemeral(open);
        }
    }

    // With consumers waiting, or with a floor to report; a topic whose silo died after its OK is woken by this.
    private async Task ReportAsync(OpenChannel open)
    {
        ChannelReport report = new(open.Incarnation, open.Queue.End, open.DurableFloor);
        if (open.Gateways.Count == 0 && report == _lastReport)
            return;
        ChannelReply reply;
        int pauses = _pauses;
        try
        {
            reply = await GrainFactory.GetGrain<ITopicGrain>(_topic).ReportAsync(_name, report);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            _log.ReportFailed(_topic, _name, e.Message);
            return;
        }

        _lastReport = report;
        if (!ReferenceEquals(open, _open))
            return;
        switch (reply.Status)
        {
            case TopicStatus.ChannelNotFound or TopicStatus.TopicNotFound:
                await DeleteAsync(open.Incarnation);
                break;
            case TopicStatus.Ok:
                // What the topic has said since the report was sent is newer than the reply.
                if (pauses == _pauses)
                    open.Queue.Paused = reply.Paused;
                // The topic offers what this activation lacks, or it offers it to another one that has taken over.
                if (reply.End > open.Queue.End && open.Progress is { } progress)
                    await progress.VerifyAsync();
                break;
        }
    }

    private async ValueTask FlushAsync(OpenChannel open)
    {
        if (open.Progress is not { } progress)
            return;
        try
        {
            await progress.FlushAsync();
        }
        catch (FencedException)
        {
            Leave(open);
            throw;
        }
    }

    // The last consumer of an ephemeral channel has left: the channel goes with it (spec 2.2).
    private void LeaveIfEphemeral(OpenChannel open)
    {
        if (!EphemeralName.Matches(_name) || open.Gateways.Count > 0 || open.Leaving)
            return;
        open.Leaving = true;
        _ = AskForDeletionAsync(open);
    }

    private async Task AskForDeletionAsync(OpenChannel open)
    {
        try
        {
            await GrainFactory.GetGrain<ITopicGrain>(_topic).DeleteChannelAsync(_name, open.Incarnation);
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            _log.ChannelDeleteFailed(_topic, _name, e.Message);
        }
        finally
        {
            open.Leaving = false;
        }
    }

    private async Task ReadAsync(OpenChannel open)
    {
        open.Reading = true;
        try
        {
            ChannelQueue queue = open.Queue;
            while (ReferenceEquals(open, _open) && (queue.WantsLog || queue.WantsBodies))
            {
                if (queue.WantsBodies)
                    await ReadBodiesAsync(open);
                else
                    await ReadLogAsync(open);
                Moment now = Moment.Of(_time);
                if (now.Steady >= open.HeldUntil)
                    queue.Dispatch(now.Steady);
                WriteNotes(open);
                SendOutgoing(open);
                ArmDeadline(open, now);
            }
        }
        catch (StoreException e)
        {
            // What was deleted meanwhile needs nothing any more.
            if (!ReferenceEquals(open, _open) || e is FencedException)
                return;
            _log.ReadFailed(_topic, _name, e.Message);
            RetryReading();
        }
        finally
        {
            open.Reading = false;
        }
    }

    private void RetryReading()
    {
        IGrainTimer? timer = null;
        timer = this.RegisterGrainTimer(
            _ =>
            {
                timer?.Dispose();
                if (_open is { } open)
                    EndTurn(open, Moment.Of(_time));
                return Task.CompletedTask;
            },
            new GrainTimerCreationOptions { DueTime = ReadRetryDelay, Period = Timeout.InfiniteTimeSpan, Interleave = true });
    }

    private static async Task ReadLogAsync(OpenChannel open)
    {
        ChannelQueue queue = open.Queue;
        int version = queue.Version;
        LogRead read = await open.Reader!.ReadAsync(queue.Cursor, queue.End, ReadBytes);
        if (queue.Version != version)
            return;
        if (open.Reader.Hidden.Count > 0)
            queue.Hide(open.Reader.Hidden);
        queue.TakeFromLog(read.Batches, read.End);
    }

    // What comes due together is sorted and read in ranges.
    private async Task ReadBodiesAsync(OpenChannel open)
    {
        ChannelQueue queue = open.Queue;
        int version = queue.Version;
        List<DeferredMessage> wanted = queue.TakeMissing(FetchMessages);
        int supplied = 0;
        long bytes = 0;
        try
        {
            wanted.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            while (supplied < wanted.Count && bytes < ReadBytes)
            {
                if (queue.IsKept(wanted[supplied].Offset))
                {
                    MessageBatch? kept = await open.Progress!.ReadKeptAsync(wanted[supplied].Offset);
                    if (queue.Version != version)
                        return;
                    Supply(queue, wanted[supplied++], kept, 0);
                    bytes += kept?.Records.Length ?? 0;
                    continue;
                }

                int last = supplied;
                while (last + 1 < wanted.Count && wanted[last + 1].Offset - wanted[last].Offset <= FetchMessages && !queue.IsKept(wanted[last + 1].Offset))
                    last++;
                LogRead read = await open.Reader!.ReadAsync(wanted[supplied].Offset, wanted[last].Offset + 1, ReadBytes);
                if (queue.Version != version)
                    return;
                int batch = 0;
                while (supplied <= last && wanted[supplied].Offset < read.End)
                {
                    while (batch < read.Batches.Count && read.Batches[batch].EndOffset <= wanted[supplied].Offset)
                        batch++;
                    MessageBatch? found = batch < read.Batches.Count && read.Batches[batch].BaseOffset <= wanted[supplied].Offset
                        ? read.Batches[batch]
                        : null;
                    int index = found is null ? 0 : (int)(wanted[supplied].Offset - found.BaseOffset);
                    bytes += found is null ? 0 : found.SizeAt(found.PositionOf(index));
                    Supply(queue, wanted[supplied++], found, index);
                }
            }
        }
        finally
        {
            if (queue.Version == version)
            {
                for (; supplied < wanted.Count; supplied++)
                    queue.PutBack(wanted[supplied]);
            }
        }
    }

    // A message that is delivered again must not pin the batch that it once came in.
    private void Supply(ChannelQueue queue, DeferredMessage message, MessageBatch? batch, int index)
    {
        if (batch is null)
        {
            _log.MessageLost(_topic, _name, message.Offset);
            queue.Lose(message);
            return;
        }

        int position = batch.PositionOf(index);
        if (batch.Count > 1)
            (batch, position) = (Single(batch, position, message.Offset), 0);
        queue.Supply(new ReadyRun(batch, position, message.Offset, 1, message.Attempts));
    }

    private static MessageBatch Single(MessageBatch batch, int position, long offset) => new()
    {
        BaseOffset = offset,
        Count = 1,
        Records = batch.Records.AsSpan(position, batch.SizeAt(position)).ToArray(),
    };

    // A month's deferral, or a message that is requeued for ever, must not keep the log from being trimmed.
    private async Task KeepStragglersAsync(OpenChannel open, long now)
    {
        ChannelQueue queue = open.Queue;
        if (open.Progress is not { } progress)
            return;
        if (queue.Floor != _stragglerFloor)
        {
            _stragglerFloor = queue.Floor;
            _stragglerSince = now;
            return;
        }

        if (now - _stragglerSince < (long)_options.StragglerAge.TotalMilliseconds || queue.End - queue.Floor < StragglerDistance)
            return;
        List<long> offsets = queue.Stragglers(StragglersAtOnce);
        if (offsets.Count == 0)
            return;
        int version = queue.Version;
        Dictionary<long, (ushort Attempts, long Due)> states = queue.Describe(offsets);
        int kept = 0;
        foreach (long offset in offsets)
        {
            LogRead read = await open.Reader!.ReadAsync(offset, offset + 1, 1);
            MessageBatch? batch = read.Batches.FirstOrDefault(b => b.BaseOffset <= offset && offset < b.EndOffset);
            if (batch is null)
                continue;
            (ushort attempts, long due) = states[offset];
            await progress.KeepAsync(Single(batch, batch.PositionOf((int)(offset - batch.BaseOffset)), offset), attempts, due);
            if (!ReferenceEquals(open, _open) || queue.Version != version)
                return;
            if (queue.Keep(offset))
                kept++;
        }

        // Their state may have changed while the copies were written.
        foreach ((long offset, (ushort attempts, long due)) in queue.Describe(offsets).OrderBy(state => state.Key))
        {
            if (queue.IsKept(offset) && states[offset] != (attempts, due))
                queue.Notes.Add(new ProgressEntry(due > 0 ? ProgressKind.Deferred : ProgressKind.Attempts, offset, due, attempts));
        }

        _log.StragglersKept(_topic, _name, kept);
        _stragglerFloor = -1;
        EndTurn(open, Moment.Of(_time));
    }
}
