using Broker.Channels;
using Broker.Gateways;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// The queue of one channel: what is ready, in flight and deferred, and the consumers and their credit. Deterministic and single-threaded,
/// without I/O and without a clock of its own: time is an argument.
/// </summary>
/// <remarks>
/// Messages come in order of their offsets, through the <see cref="Intake"/> into the <see cref="MessageWindow"/>; the <see cref="Dispatcher"/>
/// hands them to consumers. What is in flight or deferred is an offset without a body; when such a message is due again its body is asked for
/// (<see cref="TakeMissing"/>). What must be remembered over a restart is put into <see cref="Notes"/>, which the owner empties after each turn.
/// </remarks>
public sealed partial class ChannelQueue
{
    private readonly ChannelLimits _limits;
    private readonly ProgressNotes _notes;
    private readonly MessageWindow _window;
    private readonly Redeliveries _redeliveries;
    private readonly Retries _retries;
    private readonly DyingMessages _dying = new();
    private readonly Deferrals _deferred = new();
    private readonly InFlightTable _inFlight = new();
    private readonly Throttle _throttle;
    private readonly Expiry _expiry;
    private readonly Intake _intake;
    private readonly Dispatcher _dispatcher;

    /// <summary>Makes the queue of a channel that begins at <paramref name="start"/>.</summary>
    public ChannelQueue(ChannelLimits limits, long start, Random random)
    {
        _limits = limits;
        _notes = new ProgressNotes(start, limits.OwnsBodies);
        _window = new MessageWindow(limits);
        _redeliveries = new Redeliveries(_notes);
        _retries = new Retries(random);
        _intake = new Intake(start, limits, _window, _deferred, _notes, Books);
        _throttle = new Throttle(_inFlight);
        _expiry = new Expiry(limits, _window, _redeliveries, _dying, _notes, Books);
        _dispatcher = new Dispatcher(limits, random, _window, _redeliveries, _inFlight, _notes, _throttle, _expiry, Books);
    }

    /// <summary>Changes that must be remembered, in order; the owner takes them and clears the list.</summary>
    public List<ProgressEntry> Notes => _notes.Entries;

    /// <summary>Gateways with deliveries in their outbox; the owner sends them and clears the list.</summary>
    public List<AttachedGateway> Outgoing => _dispatcher.Outgoing;

    /// <summary>Up to here (exclusive) messages were taken from the log.</summary>
    public long Cursor => _intake.Cursor;

    /// <summary>Up to here (exclusive) messages were offered.</summary>
    public long End => _intake.End;

    /// <summary>All offsets below are finished.</summary>
    public long Floor => _notes.Floor;

    /// <summary>Changes with every <see cref="Empty"/>: what was read from the log before is void.</summary>
    public int Version { get; private set; }

    /// <summary>While true nothing is delivered.</summary>
    public bool Paused { get; set; }

    /// <summary>What holds from now on for what waits, is requeued or times out.</summary>
    public ChannelPolicy Policy
    {
        get;
        set
        {
            field = value;
            _retries.Follow(value);
            _throttle.Follow(value);
            _expiry.Follow(value);
        }
    } = ChannelPolicy.None;

    /// <summary>Message timeout, in milliseconds, of consumers that asked for none; 0 for the default of their gateway.</summary>
    public int MessageTimeout => (int)Math.Min(Policy.MsgTimeout ?? 0, _limits.MaxMessageTimeout);

    /// <summary>Messages between <see cref="Cursor"/> and <see cref="End"/> that are due at once.</summary>
    public long Backlog => _intake.Backlog;

    /// <summary>Waiting messages: neither in flight nor deferred.</summary>
    public long Depth => _window.Runs.Messages + _redeliveries.Runs.Messages + BackendDepth;

    /// <summary>Part of <see cref="Depth"/> whose body is not in memory.</summary>
    public long BackendDepth => _redeliveries.Bodiless + Backlog;

    /// <summary>Messages in flight with consumers.</summary>
    public long InFlight => _inFlight.Count;

    /// <summary>Messages that are not due.</summary>
    public long Deferred => _deferred.Count;

    /// <summary>What was counted.</summary>
    public QueueBooks Books { get; } = new();

    /// <summary>Times from publish to FIN since the activation; null when nobody wants to know them.</summary>
    public LatencyHistogram? Latencies { get; init; }

    /// <summary>Times from publish to FIN lately; null when nobody wants to know them.</summary>
    public LatencyWindow? RecentLatencies { get; init; }

    /// <summary>Joined consumers.</summary>
    public int ConsumerCount { get; private set; }

    /// <summary>Whether some consumer could take a message now.</summary>
    public bool HasCredit => !Paused && _dispatcher.HasCredit;

    /// <inheritdoc cref="Intake.WantsLog"/>
    public bool WantsLog => _intake.WantsLog;

    /// <summary>Whether consumers wait for messages whose bodies must be read again.</summary>
    public bool WantsBodies => _redeliveries.WantsBodies && HasCredit;

    /// <summary>Puts a recovered state in place, before anything else is done.</summary>
    /// <param name="state">What was remembered; null for a channel without progress.</param>
    /// <param name="deferred">Headers of the deferred batches between the floor and <paramref name="end"/>.</param>
    /// <param name="hidden">Ranges that do not belong to the channel.</param>
    /// <param name="end">Up to here (exclusive) messages belong to the channel.</param>
    public void Recover(ChannelState? state, IReadOnlyList<DeferredHeader> deferred, IReadOnlyList<OffsetRange> hidden, long end)
    {
        state ??= new ChannelState { Floor = Floor, Finished = [], Messages = [] };
        Letters = state.Dead;
        long floor = Math.Max(Floor, state.Floor);
        _notes.Recover(floor, state.Finished);
        _intake.Recover(floor, Math.Max(floor, end), hidden, state.Finished);
        foreach (MessageState message in state.Messages)
        {
            if (!_intake.TryRecover(message))
                continue;
            if (message.Due > 0)
                _deferred.Add(new DeferredMessage(message.Offset, message.Attempts), message.Due);
            else
                _redeliveries.Recover(new DeferredMessage(message.Offset, message.Attempts));
        }

        _intake.Recovered(deferred);
    }

    /// <summary>Says, after <see cref="Recover"/>, what the log holds above the cursor.</summary>
    /// <param name="inLog">Messages due at once that the log holds in what is not finished; when there are none, nothing need be read.</param>
    /// <param name="known">How many of them are known one by one, because they were delivered before.</param>
    public void SetBacklog(long inLog, long known)
    {
        _intake.SetBacklog(inLog, known);
        Books.StartedWith = Depth + Deferred + Dead;
    }

    /// <summary>Counts what was found as taken over: for a channel that has remembered nothing yet, and so took it over just now.</summary>
    public void CountAll()
    {
        Books.Messages = Books.StartedWith;
        Books.StartedWith = 0;
        Books.Deferrals = Deferred;
    }

    /// <inheritdoc cref="Intake.IsKnown"/>
    public bool IsKnown(long offset) => _intake.IsKnown(offset);

    /// <summary>The stretches above the floor that are not finished, up to <paramref name="to"/>.</summary>
    public IEnumerable<OffsetRange> Unfinished(long to) => _notes.Unfinished(Cursor, to);

    /// <inheritdoc cref="Intake.Hide"/>
    public void Hide(IReadOnlyList<OffsetRange> hidden) => _intake.Hide(hidden);

    /// <summary>Takes over what was offered with its batches.</summary>
    /// <returns>False when something between <see cref="End"/> and the offer is missing; nothing was taken.</returns>
    public bool Offer(long from, long end, IReadOnlyList<MessageBatch> batches) => _intake.Offer(from, end, batches);

    /// <summary>Takes over what was offered without its batches.</summary>
    /// <param name="from">First offset offered.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="messages">Messages in the range that are due at once.</param>
    /// <param name="deferred">Headers of the deferred batches in the range.</param>
    /// <returns>
    /// False when the offer has more than what is known, but does not begin at <see cref="End"/>, so that its count is not of what is new;
    /// nothing was taken.
    /// </returns>
    public bool Offer(long from, long end, long messages, IReadOnlyList<DeferredHeader> deferred) => _intake.Offer(from, end, messages, deferred);

    /// <summary>Passes over offsets that never come, for a channel that owns its bodies and was activated anew.</summary>
    public void SkipTo(long offset) => _intake.SkipTo(offset);

    /// <summary>Takes what was read from the log from <see cref="Cursor"/> on.</summary>
    /// <param name="batches">The batches, in order.</param>
    /// <param name="end">The read has seen all up to here.</param>
    public void TakeFromLog(IReadOnlyList<MessageBatch> batches, long end) => _intake.TakeFromLog(batches, end);

    /// <summary>Counts messages that the topic dropped on their way here, because a channel that owns its bodies holds no more than its bound.</summary>
    public void CountDropped(long messages)
    {
        Books.Messages += messages;
        Books.Discard(DiscardCause.Dropped, messages);
    }

    /// <summary>Joins a consumer.</summary>
    /// <param name="consumer">The consumer.</param>
    /// <param name="handedOver">What is in flight with it, when its gateway attaches again.</param>
    /// <param name="now">The time.</param>
    public void Join(Consumer consumer, IReadOnlyList<InFlightMessage> handedOver, Moment now)
    {
        if (!consumer.Gateway.Consumers.ContainsKey(consumer.Number))
            ConsumerCount++;
        consumer.Gateway.Consumers[consumer.Number] = consumer;
        consumer.FollowTimeout(MessageTimeout);
        foreach (InFlightMessage message in handedOver)
        {
            if (!TakeBack(message.Offset))
                continue;
            _inFlight.AddHandedOver(message, consumer, now, _limits.MaxMessageTimeout);
            consumer.InFlight++;
        }

        _dispatcher.UpdateCredit(consumer);
    }

    /// <summary>Takes a consumer out; what is in flight with it waits for its timeout (spec 1.10).</summary>
    public void Leave(Consumer consumer)
    {
        consumer.Detached = true;
        if (consumer.Gateway.Consumers.Remove(consumer.Number))
            ConsumerCount--;
        _dispatcher.UpdateCredit(consumer);
    }

    /// <summary>
    /// Takes a consumer out whose connection is gone. What was sent to it beyond a position was never written to a socket: it is ready again at once,
    /// and that delivery does not count as an attempt.
    /// </summary>
    public void Leave(Consumer consumer, long written)
    {
        Leave(consumer);
        if (consumer.InFlight == 0 || consumer.Sent <= written)
            return;
        foreach (long offset in _inFlight.SentBeyond(consumer, written))
        {
            _inFlight.TryGet(offset, out _, out ushort attempts);
            BodyRef body = _inFlight.Remove(offset);
            consumer.InFlight--;
            _redeliveries.Add(offset, (ushort)(attempts - 1), body);
        }
    }

    /// <summary>Sets a consumer's RDY.</summary>
    public void SetReady(Consumer consumer, int count)
    {
        consumer.Ready = count;
        _dispatcher.UpdateCredit(consumer);
    }

    /// <summary>Takes over what a gateway states of a consumer's window (<see cref="CommandKind.Credit"/>).</summary>
    public void SetCredit(Consumer consumer, long received, long window)
    {
        consumer.SetCredit(received, window);
        _dispatcher.UpdateCredit(consumer);
    }

    /// <summary>Grows a consumer's byte window, for a gateway that states no credit.</summary>
    public void GrowWindow(Consumer consumer, long bytes)
    {
        consumer.GrowWindow(bytes);
        _dispatcher.UpdateCredit(consumer);
    }

    /// <summary>FIN (spec 2.4).</summary>
    /// <param name="consumer">Who finishes.</param>
    /// <param name="offset">What.</param>
    /// <param name="nanoseconds">The time, in nanoseconds since the Unix epoch; counts only where latencies are kept.</param>
    public CommandFailureCause? Finish(Consumer consumer, long offset, long nanoseconds = 0)
    {
        if (CheckOwner(consumer, offset, out _) is { } cause)
            return cause;
        _inFlight.Remove(offset, out long published);
        if (Latencies is not null && published > 0)
        {
            Latencies.Add(nanoseconds - published);
            RecentLatencies?.Add(nanoseconds - published, nanoseconds);
        }

        consumer.InFlight--;
        consumer.Finished++;
        Books.Finished++;
        _notes.Finish(offset);
        _dispatcher.UpdateCredit(consumer);
        return null;
    }

    /// <summary>When a message was delivered to a consumer, in milliseconds of the steady clock; false when it is not in flight with it.</summary>
    public bool TryFindDelivery(Consumer consumer, long offset, out long delivered, out ushort attempts)
    {
        delivered = 0;
        if (CheckOwner(consumer, offset, out attempts) is not null)
            return false;
        delivered = _inFlight.DeliveredAt(offset);
        return true;
    }

    /// <summary>REQ (spec 2.4); a delay beyond the limit is lowered to it, and where there is none the policy may have one.</summary>
    public CommandFailureCause? Requeue(Consumer consumer, long offset, long delay, Moment now)
    {
        if (CheckOwner(consumer, offset, out ushort attempts) is { } cause)
            return cause;
        BodyRef body = _inFlight.Remove(offset);
        consumer.InFlight--;
        consumer.Requeued++;
        Books.Requeues++;
        if (_retries.GivesUp(attempts))
            GiveUp(offset, attempts, DeadCause.Requeued, consumer, now);
        else
            TryAgain(offset, attempts, body, Math.Clamp(delay, 0, _limits.MaxRequeueDelay), now);
        _dispatcher.UpdateCredit(consumer);
        return null;
    }

    /// <summary>TOUCH (spec 2.4); the time is that of the steady clock, in milliseconds.</summary>
    public CommandFailureCause? Touch(Consumer consumer, long offset, long now)
    {
        if (CheckOwner(consumer, offset, out _) is { } cause)
            return cause;
        _inFlight.Touch(offset, now, _limits.MaxMessageTimeout);
        return null;
    }

    /// <summary>Says what time it is, before messages are taken over that are deferred.</summary>
    public void Observe(Moment now) => _deferred.Observe(now);

    /// <summary>Takes back what timed out and releases what is due.</summary>
    public void Expire(Moment now)
    {
        _deferred.Observe(now);
        while (_inFlight.TryExpire(now.Steady, out long offset, out ushort attempts, out Consumer consumer, out long sent, out BodyRef body))
        {
            Books.Timeouts++;
            consumer.GiveUp(sent);
            if (consumer.InFlight > 0)
                consumer.InFlight--;
            if (_retries.GivesUp(attempts))
                GiveUp(offset, attempts, consumer.Detached ? DeadCause.ConsumerLost : DeadCause.TimedOut, consumer, now);
            else
                TryAgain(offset, attempts, body, delay: 0, now);
            _dispatcher.UpdateCredit(consumer);
        }

        _redeliveries.TakeDue(_deferred, now);
    }

    /// <summary>When <see cref="Expire"/> has something to do next, in milliseconds of the steady clock; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline(Moment now) =>
        Math.Min(Math.Min(_inFlight.NextDeadline(), _throttle.NextAt), now.ToSteady(Math.Min(_deferred.NextDue, _expiry.NextDue)));

    /// <summary>What waits below an offset is to make room in the topic's log: it is dropped as soon as it would be next.</summary>
    public void MakeRoom(long below) => _expiry.MakeRoom(below);

    /// <summary>Hands ready messages to consumers with credit, the nearest first, into their gateways' outboxes; what has expired is taken out.</summary>
    public void Dispatch(Moment now)
    {
        _expiry.Observe(now);
        _expiry.Drop();
        if (Paused)
            _throttle.Rest();
        else
            _dispatcher.Dispatch(now.Steady);
        if (_limits.OwnsBodies)
            Books.Discard(DiscardCause.Dropped, _window.Trim());
    }

    /// <summary>
    /// Messages whose bodies must be read again, at most <paramref name="max"/>; each must come back by <see cref="Supply"/>,
    /// <see cref="PutBack"/> or <see cref="Lose"/> unless <see cref="Version"/> has changed meanwhile.
    /// </summary>
    public List<DeferredMessage> TakeMissing(int max) => _redeliveries.TakeMissing(max);

    /// <inheritdoc cref="Redeliveries.Supply"/>
    public void Supply(in ReadyRun run) => _redeliveries.Supply(run);

    /// <inheritdoc cref="Redeliveries.PutBack"/>
    public void PutBack(DeferredMessage message) => _redeliveries.PutBack(message);

    /// <summary>A message that was asked for is not there any more (damage).</summary>
    public void Lose(DeferredMessage message)
    {
        _redeliveries.Lose();
        Books.Discard(DiscardCause.Lost);
        _notes.Finish(message.Offset);
    }

    /// <summary>Drops everything below <paramref name="end"/>: ready, in flight and deferred (spec 2.5). What was given up stays.</summary>
    public void Empty(long end, IEnumerable<Consumer> consumers)
    {
        Books.Discard(DiscardCause.Emptied, Depth + InFlight + Deferred);
        _intake.Empty(end);
        _window.Clear();
        _redeliveries.Clear();
        _deferred.Clear();
        _inFlight.Clear();
        _notes.Empty(End);
        Version++;
        foreach (Consumer consumer in consumers)
        {
            consumer.InFlight = 0;
            consumer.GiveUp(consumer.Sent);
            _dispatcher.UpdateCredit(consumer);
        }
    }

    /// <summary>Closes the turn's notes: call before <see cref="Notes"/> are taken.</summary>
    public void CompleteNotes() => _notes.Complete();

    /// <summary>Notes the attempts of all that is in flight, so that they survive a graceful stop.</summary>
    public void NoteInFlight()
    {
        CompleteNotes();
        foreach ((long offset, ushort attempts, _) in _inFlight.Snapshot())
            _notes.NoteAttempts(offset, attempts);
        foreach (DyingMessage message in Dying)
            _notes.NoteAttempts(message.Offset, message.Attempts);
    }

    /// <summary>
    /// The channel's store has its own, durable copy of a message now: it no longer holds the floor.
    /// </summary>
    /// <returns>False when the message was finished meanwhile; then the copy is forgotten again.</returns>
    public bool Keep(long offset) => _notes.Keep(offset);

    /// <inheritdoc cref="ProgressNotes.IsKept"/>
    public bool IsKept(long offset) => _notes.IsKept(offset);

    // A message that was delivered and not finished is ready again, at once or later.
    private void TryAgain(long offset, ushort attempts, BodyRef body, long delay, Moment now)
    {
        if (delay == 0)
            delay = _retries.DelayAfter(attempts);
        if (delay == 0)
        {
            _redeliveries.Add(offset, attempts, body);
            return;
        }

        Books.Deferrals++;
        _deferred.Observe(now);
        _deferred.Add(new DeferredMessage(offset, attempts), now.Wall + delay, body);
        if (body.Batch is null)
            _notes.NoteDeferral(offset, attempts, now.Wall + delay);
    }

    private CommandFailureCause? CheckOwner(Consumer consumer, long offset, out ushort attempts)
    {
        if (!_inFlight.TryGet(offset, out Consumer owner, out attempts))
            return CommandFailureCause.NotInFlight;
        return ReferenceEquals(owner, consumer) ? null : CommandFailureCause.NotOwner;
    }

    // A message that a gateway has in flight with a consumer leaves wherever the queue has it.
    private bool TakeBack(long offset)
    {
        if (offset >= End || (_notes.IsFinished(offset) && !_notes.IsKept(offset)) || _inFlight.TryGet(offset, out _, out _))
            return false;
        return _window.Remove(offset) || _redeliveries.Remove(offset) || _intake.TryClaim(offset);
    }
}
