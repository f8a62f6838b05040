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

namespace Broker.Grains.Channels;

/// <summary>
/// A channel: what can be asked of it. It is opened when somebody asks (<see cref="ChannelRecovery"/>). What the topic offers (<see cref="OfferReceiver"/>)
/// and what gateways command (<see cref="GatewaySessions"/>) changes its <see cref="ChannelQueue"/>, and each turn ends with what that calls for
/// (<see cref="ChannelTurns"/>); <see cref="ChannelUpkeep"/> comes by every few seconds.
/// </summary>
[Reentrant, KeepAlive, TopicPlacement]
public sealed class ChannelGrain : Grain, IChannelGrain
{
    private readonly ChannelActivation _channel;
    private readonly ChannelRecovery _recovery;
    private readonly OfferReceiver _offers;
    private readonly GatewaySessions _sessions;
    private readonly ChannelTurns _turns;
    private readonly Redriving _redriving;
    private readonly TimeProvider _time;

    /// <summary>Activated by the silo.</summary>
    /// <param name="context">What Orleans knows of the activation.</param>
    /// <param name="options">Limits of topics and channels.</param>
    /// <param name="stores">Where the channel's progress is kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="seed">What the channel draws by chance begins with.</param>
    /// <param name="log">The log.</param>
    /// <param name="traces">Traces messages; null for never.</param>
    /// <param name="metrics">Where the channel shows its figures; null for nowhere.</param>
    /// <param name="locals">The gateways of this process; null for none.</param>
    public ChannelGrain(
        IGrainContext context, QueueOptions options, TopicStores stores, TimeProvider time, ChannelSeed seed, ILogger<ChannelGrain> log,
        MessageTraces? traces = null, GrainMetrics? metrics = null, LocalGateways? locals = null)
        : base(context)
    {
        _time = time;
        _channel = new ChannelActivation(this, GrainFactory, this.GetPrimaryKeyString(), log, metrics);
        _turns = new ChannelTurns(_channel, new ReadAhead(_channel), new Burial(_channel, new Forwarding(_channel, time)), time);
        _offers = new OfferReceiver(_channel, _turns, time);
        _sessions = new GatewaySessions(_channel, _turns, options, time, traces, locals);
        _redriving = new Redriving(_channel, _turns, time);
        ChannelUpkeep upkeep = new(_channel, _turns, _sessions, new StragglerKeeper(_channel, _turns, options, time), _redriving, time);
        _recovery = new ChannelRecovery(_channel, upkeep, stores, options, seed, time);
    }

    /// <inheritdoc/>
    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => _channel.EndAsync();

    /// <inheritdoc/>
    public ValueTask<CommandReply> ExecuteAsync(CommandBatch commands) =>
        _channel.Open is { } open && open.Incarnation == commands.Incarnation
            ? new ValueTask<CommandReply>(_sessions.Execute(open, commands))
            : OpenAndExecuteAsync(commands);

    /// <inheritdoc/>
    public ValueTask<OfferReply> OfferAsync(ChannelOffer offer) =>
        _channel.Open is { } open && open.Incarnation == offer.Incarnation && (offer.Batches is not null || offer.Deferred == 0)
            ? new ValueTask<OfferReply>(_offers.Take(open, offer, []))
            : OpenAndTakeOfferAsync(offer);

    /// <inheritdoc/>
    public async ValueTask<AttachReply> AttachAsync(AttachRequest request)
    {
        try
        {
            return await _recovery.GetAsync(request.Incarnation) is { Leaving: false } open
                ? _sessions.Attach(open, request)
                : new AttachReply(AttachStatus.Gone);
        }
        catch (StoreException e)
        {
            _channel.Log.ChannelOpenFailed(_channel.Topic, _channel.Name, e.Message);
            return new AttachReply(AttachStatus.Failed, 0, e.Message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> PauseAsync(long incarnation, bool paused)
    {
        if (await _recovery.GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        open.Pause(paused);
        _turns.End(open, Moment.Of(_time));
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> ChangePolicyAsync(long incarnation, ChannelPolicy policy)
    {
        if (await _recovery.GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        open.Follow(policy);
        // What a limit has held back until now may go out.
        _turns.End(open, Moment.Of(_time));
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> EmptyAsync(long incarnation, long end)
    {
        if (await _recovery.GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        open.Queue.Empty(end, open.Consumers);
        return await FlushAsync(open);
    }

    /// <inheritdoc/>
    public ValueTask<TopicStatus> DeleteAsync(long incarnation) => _channel.DeleteAsync(incarnation);

    /// <inheritdoc/>
    public async ValueTask<PeekReply> PeekAsync(PeekRequest request)
    {
        try
        {
            return await _recovery.GetAsync(request.Incarnation) is { } open
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
        if (await _recovery.GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        if (MessageId.PrefixOf(id) != open.IdPrefix || !open.Queue.RequeueNow(MessageId.OffsetOf(id)))
            return TopicStatus.MessageNotFound;
        _turns.End(open, Moment.Of(_time));
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> FinishMessageAsync(long incarnation, ulong id)
    {
        if (await _recovery.GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        // What only the log knows must be there: an offset that never had a message is not one to finish.
        PeekRequest search = new() { Stage = MessageStage.Waiting, Id = id, Limit = 1, BodyLimit = 0 };
        PeekReply found = await new ChannelPeek(open, search, Moment.Of(_time)).LookAsync();
        if (found.Messages.Length == 0 || !ReferenceEquals(open, _channel.Open) || !open.Queue.Drop(MessageId.OffsetOf(id)))
            return TopicStatus.MessageNotFound;
        return await FlushAsync(open);
    }

    /// <inheritdoc/>
    public async ValueTask<DeadReply> DeadAsync(DeadRequest request)
    {
        try
        {
            if (await _recovery.GetAsync(request.Incarnation) is not { } open)
                return new DeadReply { Status = TopicStatus.ChannelNotFound };
            await open.BuriedAsync();
            return await new DeadPeek(open, request).LookAsync();
        }
        catch (StoreException e)
        {
            return new DeadReply { Status = TopicStatus.Failed, Error = e.Message };
        }
    }

    /// <inheritdoc/>
    public async ValueTask<DeadDiscardReply> DiscardDeadAsync(long incarnation, DeadFilter filter, long from)
    {
        try
        {
            if (await _recovery.GetAsync(incarnation) is not { } open)
                return new DeadDiscardReply { Status = TopicStatus.ChannelNotFound };
            await open.BuriedAsync();
            return await new DeadDiscard(_channel, _turns, _time).DiscardAsync(open, filter, from);
        }
        catch (StoreException e)
        {
            return new DeadDiscardReply { Status = TopicStatus.Failed, Error = e.Message };
        }
    }

    /// <inheritdoc/>
    public async ValueTask<TopicStatus> RedriveAsync(long incarnation, Redrive? redrive)
    {
        if (await _recovery.GetAsync(incarnation) is not { } open)
            return TopicStatus.ChannelNotFound;
        open.NoteChange();
        await open.BuriedAsync();
        if (!ReferenceEquals(open, _channel.Open))
            return TopicStatus.ChannelNotFound;
        _redriving.Follow(open, redrive);
        return TopicStatus.Ok;
    }

    /// <inheritdoc/>
    public async ValueTask<RedriveReply> DescribeRedriveAsync(long incarnation)
    {
        try
        {
            return await _recovery.GetAsync(incarnation) is { } open
                ? _redriving.Describe(open)
                : new RedriveReply { Status = TopicStatus.ChannelNotFound };
        }
        catch (StoreException e)
        {
            return new RedriveReply { Status = TopicStatus.Failed, Error = e.Message };
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ChannelStats> StatsAsync(long incarnation, bool includeConsumers)
    {
        try
        {
            if (await _recovery.GetAsync(incarnation) is { } open)
                return open.Describe(_channel.Name, _channel.OwnsBodies, includeConsumers, Moment.NanosecondsOf(_time));
        }
        catch (StoreException e)
        {
            // Figures of the others are wanted all the same.
            _channel.Log.ChannelOpenFailed(_channel.Topic, _channel.Name, e.Message);
        }

        return new ChannelStats { Channel = _channel.Name };
    }

    private async ValueTask<CommandReply> OpenAndExecuteAsync(CommandBatch commands)
    {
        try
        {
            return await _recovery.GetAsync(commands.Incarnation) is { } open
                ? _sessions.Execute(open, commands)
                : new CommandReply(CommandStatus.Gone);
        }
        catch (StoreException e)
        {
            // To attach says why it cannot be opened, and tries again.
            _channel.Log.ChannelOpenFailed(_channel.Topic, _channel.Name, e.Message);
            return new CommandReply(CommandStatus.NotAttached);
        }
    }

    private async ValueTask<OfferReply> OpenAndTakeOfferAsync(ChannelOffer offer)
    {
        try
        {
            return await _recovery.GetAsync(offer.Incarnation) is { } open
                ? await _offers.TakeAsync(open, offer)
                : new OfferReply(TopicStatus.ChannelNotFound);
        }
        catch (StoreException e)
        {
            _channel.Log.ChannelOpenFailed(_channel.Topic, _channel.Name, e.Message);
            return new OfferReply(TopicStatus.Failed);
        }
    }

    // Ends a turn whose outcome must be durable before it is told.
    private async ValueTask<TopicStatus> FlushAsync(OpenChannel open)
    {
        _turns.End(open, Moment.Of(_time));
        try
        {
            if (open.Progress is { } progress)
                await progress.FlushAsync();
            return TopicStatus.Ok;
        }
        catch (FencedException)
        {
            _channel.Leave(open);
            throw;
        }
    }
}
