using System.Buffers.Binary;
using Broker.Channels;
using Broker.Gateways;
using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>
/// The queue of one channel: what is ready, in flight and deferred, and the consumers and their credit. Deterministic and single-threaded,
/// without I/O and without a clock of its own: time is an argument.
/// </summary>
/// <remarks>
/// Messages come in order of their offsets. Up to <see cref="Cursor"/> they were taken into the window or are known one by one; between
/// <see cref="Cursor"/> and <see cref="End"/> they lie in the log and are only counted. What is in flight or deferred is an offset
/// without a body; when such a message is due again its body is asked for (<see cref="TakeMissing"/>). What must be remembered over a
/// restart is put into <see cref="Notes"/>, which the owner empties after each turn.
/// </remarks>
public sealed partial class ChannelQueue
{
    private readonly ChannelLimits _limits;
    private readonly Random _random;
    private readonly RunQueue _window = new();
    private readonly RunQueue _redeliveries = new();
    private readonly Queue<DeferredMessage> _missing = new();
    private readonly List<DeferredMessage> _due = [];
    private readonly Deferrals _deferred = new();
    private readonly Dictionary<long, BodyRef> _deferredBodies = [];
    private readonly InFlightTable _inFlight = new();
    private readonly FinishedOffsets _finished;
    private readonly HashSet<long> _known = [];
    private readonly HashSet<long> _kept = [];
    private readonly LinkedList<Consumer>[] _waiting = [new(), new(), new()];
    private readonly long[] _discarded = new long[Enum.GetValues<DiscardCause>().Length];
    private IReadOnlyList<OffsetRange> _hidden = [];
    private long _plainFrom;
    private long _windowBytes;
    private long _fetching;
    private long _notedStart;
    private long _notedEnd;
    private long _notedFloor;
    private bool _redeliverNext;

    /// <summary>Makes the queue of a channel that begins at <paramref name="start"/>.</summary>
    public ChannelQueue(ChannelLimits limits, long start, Random random)
    {
        _limits = limits;
        _random = random;
        _finished = new FinishedOffsets(start);
        Cursor = start;
        End = start;
        _plainFrom = start;
        _notedFloor = start;
    }

    /// <summary>Changes that must be remembered, in order; the owner takes them and clears the list.</summary>
    public List<ProgressEntry> Notes { get; } = [];

    /// <summary>Gateways with deliveries in their outbox; the owner sends them and clears the list.</summary>
    public List<AttachedGateway> Outgoing { get; } = [];

    /// <summary>Up to here (exclusive) messages were taken from the log.</summary>
    public long Cursor { get; private set; }

    /// <summary>Up to here (exclusive) messages were offered.</summary>
    public long End { get; private set; }

    /// <summary>All offsets below are finished.</summary>
    public long Floor => _finished.Floor;

    /// <summary>Changes with every <see cref="Empty"/>: what was read from the log before is void.</summary>
    public int Version { get; private set; }

    /// <summary>While true nothing is delivered.</summary>
    public bool Paused { get; set; }

    /// <summary>Messages between <see cref="Cursor"/> and <see cref="End"/> that are due at once.</summary>
    public long Backlog { get; private set; }

    /// <summary>Messages that wait: neither in flight nor deferred.</summary>
    public long Depth => _window.Messages + _redeliveries.Messages + _missing.Count + _fetching + Backlog;

    /// <summary>Part of <see cref="Depth"/> whose body is not in memory.</summary>
    public long BackendDepth => _missing.Count + _fetching + Backlog;

    /// <summary>Messages out with consumers.</summary>
    public long InFlight => _inFlight.Count;

    /// <summary>Messages that are not due.</summary>
    public long Deferred => _deferred.Count;

    /// <summary>Messages taken over.</summary>
    public long MessageCount { get; private set; }

    /// <summary>FINs.</summary>
    public long FinishedCount { get; private set; }

    /// <summary>REQs.</summary>
    public long RequeueCount { get; private set; }

    /// <summary>Message timeouts.</summary>
    public long TimeoutCount { get; private set; }

    /// <summary>Messages that were found when the queue was recovered, and those that the log turned out to have beyond its count.</summary>
    public long StartedWith { get; private set; }

    /// <summary>Messages given up without a FIN, for all causes.</summary>
    public long DiscardedCount => _discarded.Sum();

    /// <summary>Messages given up without a FIN, by <see cref="DiscardCause"/>.</summary>
    public IReadOnlyList<long> Discarded => _discarded;

    /// <summary>How often a message was deferred, by its publisher or by a REQ with a delay.</summary>
    public long DeferralCount { get; private set; }

    /// <summary>Deliveries, repeated ones included.</summary>
    public long DeliveredCount => DeliveriesByProximity[0] + DeliveriesByProximity[1] + DeliveriesByProximity[2];

    /// <summary>Times from publish to FIN since the activation; null when nobody wants to know them.</summary>
    public LatencyHistogram? Latencies { get; init; }

    /// <summary>Times from publish to FIN lately; null when nobody wants to know them.</summary>
    public LatencyWindow? RecentLatencies { get; init; }

    /// <summary>Joined consumers.</summary>
    public int ConsumerCount { get; private set; }

    /// <summary>Deliveries by <see cref="Proximity"/>.</summary>
    public long[] DeliveriesByProximity { get; } = new long[3];

    /// <summary>Whether some consumer could take a message now.</summary>
    public bool HasCredit => !Paused && (_waiting[0].Count > 0 || _waiting[1].Count > 0 || _waiting[2].Count > 0);

    /// <summary>
    /// Whether the window has room for more of the log. What is left to read is known by its offsets alone: the count of the backlog is for
    /// figures, and nothing rests on it.
    /// </summary>
    public bool WantsLog => Cursor < End && _window.Messages < Math.Max(ChannelLimits.MinReadAhead, _limits.WindowMessages / 2)
        && _windowBytes < Math.Max(1, _limits.WindowBytes / 2);

    /// <summary>Whether consumers wait for messages whose bodies must be read again.</summary>
    public bool WantsBodies => _missing.Count > 0 && HasCredit && _redeliveries.Messages < ChannelLimits.MinReadAhead;

    /// <summary>Puts a recovered state in place, before anything else is done.</summary>
    /// <param name="state">What was remembered; null for a channel without progress.</param>
    /// <param name="deferred">Headers of the deferred batches between the floor and <paramref name="end"/>.</param>
    /// <param name="hidden">Ranges that do not belong to the channel.</param>
    /// <param name="end">Up to here (exclusive) messages belong to the channel.</param>
    public void Recover(ChannelState? state, IReadOnlyList<DeferredHeader> deferred, IReadOnlyList<OffsetRange> hidden, long end)
    {
        long floor = state is null ? Floor : Math.Max(Floor, state.Floor);
        _finished.Reset(floor);
        Cursor = floor;
        End = Math.Max(floor, end);
        _notedFloor = floor;
        _plainFrom = floor;
        Hide(hidden);
        if (state is not null)
        {
            foreach (OffsetRange range in state.Finished)
            {
                _finished.AddRange(range.Start, range.End);
                _plainFrom = Math.Max(_plainFrom, range.End);
            }

            foreach (MessageState message in state.Messages)
            {
                if (message.Kept)
                {
                    _kept.Add(message.Offset);
                    _finished.Add(message.Offset);
                }
                else
                {
                    if (_finished.Contains(message.Offset) || message.Offset >= End)
                        continue;
                    _known.Add(message.Offset);
                }

                _plainFrom = Math.Max(_plainFrom, message.Offset + 1);
                if (message.Due > 0)
                    _deferred.Add(new DeferredMessage(message.Offset, message.Attempts), message.Due);
                else
                    _missing.Enqueue(new DeferredMessage(message.Offset, message.Attempts));
            }
        }

        foreach (DeferredHeader header in deferred)
            RegisterDeferred(header.BaseOffset, header.DueTimes, follows: false, count: false);
        Cursor = Math.Max(Cursor, Floor);
    }

    /// <summary>Says, after <see cref="Recover"/>, what the log holds above the cursor.</summary>
    /// <param name="inLog">Messages due at once that the log holds in what is not finished; when there are none, nothing need be read.</param>
    /// <param name="known">How many of them are known one by one, because they were delivered before.</param>
    public void SetBacklog(long inLog, long known)
    {
        Backlog = Math.Max(0, inLog - known);
        if (inLog == 0)
            PassTo(End);
        StartedWith = Depth + Deferred;
    }

    /// <summary>Counts what was found as taken over: for a channel that has remembered nothing yet, and so took it over just now.</summary>
    public void CountAll()
    {
        MessageCount = StartedWith;
        StartedWith = 0;
        DeferralCount = Deferred;
    }

    /// <summary>Whether a message is known one by one (recovered with attempts or a due time), so that the log's count of it is void.</summary>
    public bool IsKnown(long offset) => _known.Contains(offset);

    /// <summary>The stretches above the floor that are not finished, up to <paramref name="to"/>.</summary>
    public IEnumerable<OffsetRange> Unfinished(long to) => _finished.Unfinished(Cursor, to);

    /// <summary>Sets the ranges that do not belong to the channel.</summary>
    public void Hide(IReadOnlyList<OffsetRange> hidden)
    {
        _hidden = hidden;
        foreach (OffsetRange range in hidden)
            _plainFrom = Math.Max(_plainFrom, range.End);
    }

    /// <summary>Takes over what was offered with its batches.</summary>
    /// <returns>False when something between <see cref="End"/> and the offer is missing; nothing was taken.</returns>
    public bool Offer(long from, long end, IReadOnlyList<MessageBatch> batches)
    {
        if (from > End)
            return false;
        if (end <= End)
            return true;
        bool follows = Cursor == End;
        foreach (MessageBatch batch in batches)
        {
            if (batch.BaseOffset < End)
                continue;
            if (batch.IsDeferred)
            {
                RegisterDeferred(batch, follows);
                continue;
            }

            MessageCount += batch.Count;
            follows = follows && HasRoom();
            if (follows)
                Load(batch);
            else
                Backlog += batch.Count;
        }

        End = end;
        if (follows)
            PassTo(end);
        return true;
    }

    /// <summary>Takes over what was offered without its batches.</summary>
    /// <param name="from">First offset offered.</param>
    /// <param name="end">One past the last.</param>
    /// <param name="messages">Messages in the range that are due at once.</param>
    /// <param name="deferred">Headers of the deferred batches in the range.</param>
    /// <returns>
    /// False when the offer has more than what is known, but does not begin at <see cref="End"/>, so that its count is not of what is new;
    /// nothing was taken.
    /// </returns>
    public bool Offer(long from, long end, long messages, IReadOnlyList<DeferredHeader> deferred)
    {
        if (end <= End)
            return true;
        if (from != End)
            return false;
        foreach (DeferredHeader header in deferred)
            RegisterDeferred(header.BaseOffset, header.DueTimes, follows: false, count: true);
        MessageCount += messages;
        Backlog += messages;
        End = end;
        return true;
    }

    /// <summary>Passes over offsets that never come, for a channel that owns its bodies and was activated anew.</summary>
    public void SkipTo(long offset)
    {
        if (offset <= End)
            return;
        End = offset;
        PassTo(offset);
    }

    /// <summary>Takes what was read from the log from <see cref="Cursor"/> on.</summary>
    /// <param name="batches">The batches, in order.</param>
    /// <param name="end">The read has seen all up to here.</param>
    public void TakeFromLog(IReadOnlyList<MessageBatch> batches, long end)
    {
        foreach (MessageBatch batch in batches)
        {
            if (batch.EndOffset <= Cursor || batch.BaseOffset >= End)
                continue;
            if (batch.IsDeferred)
                continue;
            TakeOffBacklog(Load(batch));
        }

        PassTo(Math.Min(end, End));
        // Damage may have taken messages that were counted.
        if (Cursor == End)
            WriteOffBacklog();
    }

    /// <summary>Counts messages that the topic dropped on their way here, because a channel that owns its bodies holds no more than its bound.</summary>
    public void CountDropped(long messages)
    {
        MessageCount += messages;
        _discarded[(int)DiscardCause.Dropped] += messages;
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
        foreach (InFlightMessage message in handedOver)
        {
            if (!TakeBack(message.Offset))
                continue;
            _inFlight.AddHandedOver(message, consumer, now, _limits.MaxMessageTimeout);
            consumer.InFlight++;
        }

        UpdateCredit(consumer);
    }

    /// <summary>Takes a consumer out; what is in flight with it waits for its timeout (spec 1.10).</summary>
    public void Leave(Consumer consumer)
    {
        consumer.Detached = true;
        if (consumer.Gateway.Consumers.Remove(consumer.Number))
            ConsumerCount--;
        UpdateCredit(consumer);
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
            Redeliver(offset, (ushort)(attempts - 1), body);
        }
    }

    /// <summary>Sets a consumer's RDY.</summary>
    public void SetReady(Consumer consumer, int count)
    {
        consumer.Ready = count;
        UpdateCredit(consumer);
    }

    /// <summary>Takes over what a gateway states of a consumer's window (<see cref="CommandKind.Credit"/>).</summary>
    public void SetCredit(Consumer consumer, long received, long window)
    {
        consumer.SetCredit(received, window);
        UpdateCredit(consumer);
    }

    /// <summary>Grows a consumer's byte window, for a gateway that states no credit.</summary>
    public void GrowWindow(Consumer consumer, long bytes)
    {
        consumer.GrowWindow(bytes);
        UpdateCredit(consumer);
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
        FinishedCount++;
        MarkFinished(offset);
        UpdateCredit(consumer);
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

    /// <summary>REQ (spec 2.4); a delay beyond the limit is lowered to it.</summary>
    public CommandFailureCause? Requeue(Consumer consumer, long offset, long delay, Moment now)
    {
        if (CheckOwner(consumer, offset, out ushort attempts) is { } cause)
            return cause;
        BodyRef body = _inFlight.Remove(offset);
        consumer.InFlight--;
        consumer.Requeued++;
        RequeueCount++;
        delay = Math.Clamp(delay, 0, _limits.MaxRequeueDelay);
        if (delay == 0)
            Redeliver(offset, attempts, body);
        else
        {
            _deferred.Observe(now);
            Defer(offset, attempts, now.Wall + delay, body);
        }

        UpdateCredit(consumer);
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
            TimeoutCount++;
            consumer.GiveUp(sent);
            if (consumer.InFlight > 0)
                consumer.InFlight--;
            Redeliver(offset, attempts, body);
            UpdateCredit(consumer);
        }

        long before = long.MinValue;
        while (_deferred.TryTakeDue(now, out DeferredMessage message, out long due))
        {
            if (_deferredBodies.Remove(message.Offset, out BodyRef body))
            {
                _redeliveries.Enqueue(RunOf(message.Offset, body, message.Attempts));
                continue;
            }
            if (due != before)
                QueueDue();
            before = due;
            _due.Add(message);
        }
        QueueDue();
    }

    // What is due at the same moment leaves the heap in any order; in that of its offsets it is read in few ranges.
    private void QueueDue()
    {
        if (_due.Count > 1)
            _due.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        foreach (DeferredMessage message in _due)
            _missing.Enqueue(message);
        _due.Clear();
    }

    /// <summary>When <see cref="Expire"/> has something to do next, in milliseconds of the steady clock; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadline(Moment now) => Math.Min(_inFlight.NextDeadline(), now.ToSteady(_deferred.NextDue));

    /// <summary>
    /// Hands ready messages to consumers with credit, the nearest first, into their gateways' outboxes. The time is that of the steady clock, in
    /// milliseconds.
    /// </summary>
    public void Dispatch(long now)
    {
        while (!Paused)
        {
            LinkedList<Consumer>? waiting = Nearest();
            long ready = _window.Messages + _redeliveries.Messages;
            if (waiting is null || ready == 0)
                break;
            Consumer consumer = waiting.First!.Value;
            int share = (int)Math.Min(consumer.Credit, Math.Max(1, ready / waiting.Count));
            Send(consumer, share, now);
            if (consumer.Waiting is { } node && consumer.Credit > 0)
            {
                waiting.Remove(node);
                waiting.AddLast(node);
            }

            UpdateCredit(consumer);
        }

        if (_limits.OwnsBodies)
            _discarded[(int)DiscardCause.Dropped] += _window.TrimTo(_limits.WindowMessages);
    }

    /// <summary>
    /// Messages whose bodies must be read again, at most <paramref name="max"/>; each must come back by <see cref="Supply"/>,
    /// <see cref="PutBack"/> or <see cref="Lose"/> unless <see cref="Version"/> has changed meanwhile.
    /// </summary>
    public List<DeferredMessage> TakeMissing(int max)
    {
        List<DeferredMessage> taken = new(Math.Min(max, _missing.Count));
        while (taken.Count < max && _missing.TryDequeue(out DeferredMessage message))
            taken.Add(message);
        _fetching += taken.Count;
        return taken;
    }

    /// <summary>Gives the body of a message that was asked for.</summary>
    public void Supply(in ReadyRun run)
    {
        _fetching--;
        _redeliveries.Enqueue(run);
    }

    /// <summary>Gives a message back whose body was not read after all.</summary>
    public void PutBack(DeferredMessage message)
    {
        _fetching--;
        _missing.Enqueue(message);
    }

    /// <summary>A message that was asked for is not there any more (damage).</summary>
    public void Lose(DeferredMessage message)
    {
        _fetching--;
        _discarded[(int)DiscardCause.Lost]++;
        MarkFinished(message.Offset);
    }

    /// <summary>Drops everything below <paramref name="end"/>: ready, in flight and deferred (spec 2.5).</summary>
    public void Empty(long end, IEnumerable<Consumer> consumers)
    {
        _discarded[(int)DiscardCause.Emptied] += Depth + InFlight + Deferred;
        End = Math.Max(End, end);
        _window.Clear();
        _windowBytes = 0;
        _redeliveries.Clear();
        _missing.Clear();
        _deferred.Clear();
        _deferredBodies.Clear();
        _inFlight.Clear();
        _known.Clear();
        _kept.Clear();
        _fetching = 0;
        Backlog = 0;
        Cursor = End;
        _finished.Reset(End);
        _notedStart = _notedEnd = 0;
        _notedFloor = End;
        Version++;
        Notes.Add(new ProgressEntry(ProgressKind.Emptied, End));
        foreach (Consumer consumer in consumers)
        {
            consumer.InFlight = 0;
            consumer.GiveUp(consumer.Sent);
            UpdateCredit(consumer);
        }
    }

    /// <summary>Closes the turn's notes: call before <see cref="Notes"/> are taken.</summary>
    public void CompleteNotes()
    {
        if (_notedEnd > _notedStart)
        {
            Notes.Add(new ProgressEntry(ProgressKind.Finished, _notedStart, _notedEnd));
            _notedStart = _notedEnd = 0;
        }

        if (_finished.Floor != _notedFloor)
        {
            _notedFloor = _finished.Floor;
            Notes.Add(new ProgressEntry(ProgressKind.Floor, _notedFloor));
        }
    }

    /// <summary>Notes the attempts of all that is in flight, so that they survive a graceful stop.</summary>
    public void NoteInFlight()
    {
        CompleteNotes();
        foreach ((long offset, ushort attempts, _) in _inFlight.Snapshot())
            Notes.Add(new ProgressEntry(ProgressKind.Attempts, offset, 0, attempts));
    }

    /// <summary>
    /// Messages that hold the floor although they were taken up: in flight, deferred or to be delivered again; at most
    /// <paramref name="max"/>, in order of their offsets.
    /// </summary>
    public List<long> Stragglers(int max)
    {
        List<long> stragglers = [];
        long limit = _window.RunCount > 0 ? _window.First.FirstOffset : Cursor;
        foreach (OffsetRange range in _finished.Unfinished(Floor, limit))
        {
            for (long offset = range.Start; offset < range.End && stragglers.Count < max; offset++)
                stragglers.Add(offset);
            if (stragglers.Count == max)
                break;
        }

        return stragglers;
    }

    /// <summary>Attempts and due time (0 when it is not deferred) of messages that are taken up, for those of <paramref name="offsets"/> that are.</summary>
    public Dictionary<long, (ushort Attempts, long Due)> Describe(IReadOnlyCollection<long> offsets)
    {
        Dictionary<long, (ushort, long)> states = new(offsets.Count);
        foreach (long offset in offsets)
            states[offset] = (_inFlight.TryGet(offset, out _, out ushort attempts) ? attempts : (ushort)0, 0);
        foreach ((DeferredMessage message, long due) in _deferred.All())
        {
            if (states.ContainsKey(message.Offset))
                states[message.Offset] = (message.Attempts, due);
        }

        foreach (DeferredMessage message in _missing)
        {
            if (states.ContainsKey(message.Offset))
                states[message.Offset] = (message.Attempts, 0);
        }

        return states;
    }

    /// <summary>
    /// The channel's store has its own, durable copy of a message now: it no longer holds the floor.
    /// </summary>
    /// <returns>False when the message was finished meanwhile; then the copy is forgotten again.</returns>
    public bool Keep(long offset)
    {
        if (_finished.Contains(offset))
        {
            Notes.Add(new ProgressEntry(ProgressKind.Finished, offset, offset + 1));
            return false;
        }

        CompleteNotes();
        _kept.Add(offset);
        _finished.Add(offset);
        CompleteNotes();
        return true;
    }

    /// <summary>Whether the channel's store has its own copy of a message.</summary>
    public bool IsKept(long offset) => _kept.Contains(offset);

    private CommandFailureCause? CheckOwner(Consumer consumer, long offset, out ushort attempts)
    {
        if (!_inFlight.TryGet(offset, out Consumer owner, out attempts))
            return CommandFailureCause.NotInFlight;
        return ReferenceEquals(owner, consumer) ? null : CommandFailureCause.NotOwner;
    }

    private bool HasRoom() =>
        _limits.OwnsBodies
        || (_window.Messages < Math.Max(ChannelLimits.MinReadAhead, _limits.WindowMessages) && _windowBytes < _limits.WindowBytes);

    // The window takes a batch; returns how many of its messages belong to the channel and were not known before.
    private int Load(MessageBatch batch)
    {
        PassTo(batch.BaseOffset);
        int loaded = 0;
        if (batch.BaseOffset >= _plainFrom)
        {
            _window.Enqueue(new ReadyRun(batch, 0, batch.BaseOffset, batch.Count, 0));
            loaded = batch.Count;
        }
        else
        {
            int position = 0;
            int runPosition = 0;
            int run = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                long offset = batch.BaseOffset + i;
                bool hidden = IsHidden(offset);
                if (hidden)
                    MarkFinished(offset);
                if (hidden || offset < Cursor || _finished.Contains(offset) || _known.Remove(offset))
                {
                    EnqueueRun(batch, runPosition, offset - run, run);
                    loaded += run;
                    run = 0;
                }
                else if (run++ == 0)
                {
                    runPosition = position;
                }

                position += batch.SizeAt(position);
            }

            EnqueueRun(batch, runPosition, batch.EndOffset - run, run);
            loaded += run;
        }

        if (loaded > 0)
            _windowBytes += batch.Records.Length;
        Cursor = Math.Max(Cursor, batch.EndOffset);
        return loaded;
    }

    private void EnqueueRun(MessageBatch batch, int position, long firstOffset, int count)
    {
        if (count > 0)
            _window.Enqueue(new ReadyRun(batch, position, firstOffset, count, 0));
    }

    // Offsets between the cursor and here hold no message to be loaded: lost in a crash, trimmed, damaged, or deferred (known one by one).
    private void PassTo(long offset)
    {
        if (offset <= Cursor)
            return;
        if (_known.Count > 0)
        {
            // A former incarnation may have left billions of offsets unused: whichever are fewer are looked through.
            IEnumerable<long> known = offset - Cursor < _known.Count
                ? Enumerable.Sequence(Cursor, offset - 1, 1L).Where(_known.Contains)
                : _known.Where(one => one >= Cursor && one < offset).Order();
            foreach (long one in known.ToArray())
            {
                _finished.AddRange(Cursor, one);
                Cursor = one + 1;
                _known.Remove(one);
            }

            if (_known.Count == 0)
                _known.TrimExcess();
        }

        _finished.AddRange(Cursor, offset);
        Cursor = offset;
    }

    // The log has more than was counted, or less: either way the books are put right with what is really there.
    private void TakeOffBacklog(long messages)
    {
        Backlog -= messages;
        if (Backlog >= 0)
            return;
        StartedWith -= Backlog;
        Backlog = 0;
    }

    private void WriteOffBacklog()
    {
        _discarded[(int)DiscardCause.Lost] += Backlog;
        Backlog = 0;
    }

    private bool IsHidden(long offset)
    {
        foreach (OffsetRange range in _hidden)
        {
            if (range.Contains(offset))
                return true;
        }

        return false;
    }

    private void RegisterDeferred(MessageBatch batch, bool follows)
    {
        long[] due = batch.DueTimes!;
        if (_limits.OwnsBodies)
        {
            int position = 0;
            for (int i = 0; i < batch.Count; i++)
            {
                _deferredBodies[batch.BaseOffset + i] = CopyOf(batch, position);
                position += batch.SizeAt(position);
            }
        }

        RegisterDeferred(batch.BaseOffset, due, follows, count: true);
    }

    // What follows all that was taken is passed at once; what lies ahead of the cursor is remembered until the cursor comes there.
    private void RegisterDeferred(long baseOffset, long[] dueTimes, bool follows, bool count)
    {
        if (follows)
            PassTo(baseOffset);
        for (int i = 0; i < dueTimes.Length; i++)
        {
            long offset = baseOffset + i;
            if (offset < Floor || _finished.Contains(offset) || IsHidden(offset))
                continue;
            if (!follows && !_known.Add(offset))
                continue;
            if (count)
            {
                MessageCount++;
                DeferralCount++;
            }

            _deferred.Add(new DeferredMessage(offset, 0), dueTimes[i]);
        }

        if (follows)
            Cursor = baseOffset + dueTimes.Length;
        else
            _plainFrom = Math.Max(_plainFrom, baseOffset + dueTimes.Length);
    }

    private void Redeliver(long offset, ushort attempts, BodyRef body)
    {
        if (body.Batch is not null)
        {
            _redeliveries.Enqueue(RunOf(offset, body, attempts));
            return;
        }

        CompleteNotes();
        Notes.Add(new ProgressEntry(ProgressKind.Attempts, offset, 0, attempts));
        _missing.Enqueue(new DeferredMessage(offset, attempts));
    }

    private void Defer(long offset, ushort attempts, long due, BodyRef body)
    {
        DeferralCount++;
        _deferred.Add(new DeferredMessage(offset, attempts), due);
        if (body.Batch is not null)
        {
            _deferredBodies[offset] = CopyOf(body.Batch, body.Position);
            return;
        }

        CompleteNotes();
        Notes.Add(new ProgressEntry(ProgressKind.Deferred, offset, due, attempts));
    }

    private static ReadyRun RunOf(long offset, BodyRef body, ushort attempts) =>
        new(body.Batch!, body.Position, offset, 1, attempts);

    // A single message must not pin the batch that it came in.
    private static BodyRef CopyOf(MessageBatch batch, int position)
    {
        if (batch.Count == 1)
            return new BodyRef(batch, position);
        byte[] record = batch.Records.AsSpan(position, batch.SizeAt(position)).ToArray();
        return new BodyRef(new MessageBatch { BaseOffset = MessageBatch.Unassigned, Count = 1, Records = record }, 0);
    }

    private bool TakeBack(long offset)
    {
        if (offset >= End || (_finished.Contains(offset) && !_kept.Contains(offset)) || _inFlight.TryGet(offset, out _, out _))
            return false;
        if (_window.Remove(offset) || _redeliveries.Remove(offset))
            return true;
        if (TryRemoveMissing(offset))
            return true;
        if (offset < Cursor || !_known.Add(offset))
            return false;
        _plainFrom = Math.Max(_plainFrom, offset + 1);
        TakeOffBacklog(1);
        return true;
    }

    private bool TryRemoveMissing(long offset)
    {
        bool found = false;
        for (int i = _missing.Count; i > 0; i--)
        {
            DeferredMessage message = _missing.Dequeue();
            if (message.Offset == offset)
                found = true;
            else
                _missing.Enqueue(message);
        }

        return found;
    }

    private void MarkFinished(long offset)
    {
        _finished.Add(offset);
        _kept.Remove(offset);
        if (_limits.OwnsBodies)
            return;
        if (offset == _notedEnd && _notedEnd > _notedStart)
        {
            _notedEnd++;
            return;
        }

        if (_notedEnd > _notedStart)
            Notes.Add(new ProgressEntry(ProgressKind.Finished, _notedStart, _notedEnd));
        _notedStart = offset;
        _notedEnd = offset + 1;
    }

    private LinkedList<Consumer>? Nearest()
    {
        for (int proximity = 2; proximity >= 0; proximity--)
        {
            if (_waiting[proximity].Count > 0)
                return _waiting[proximity];
        }

        return null;
    }

    private void UpdateCredit(Consumer consumer)
    {
        bool waits = !consumer.Detached && consumer.Credit > 0;
        if (waits == (consumer.Waiting is not null))
            return;
        LinkedList<Consumer> list = _waiting[(int)consumer.Proximity];
        if (waits)
        {
            consumer.Waiting = consumer.Node;
            list.AddLast(consumer.Node);
        }
        else
        {
            list.Remove(consumer.Node);
            consumer.Waiting = null;
        }
    }

    // Sends up to count messages from one source; redeliveries and the window take turns, so that neither starves the other.
    private void Send(Consumer consumer, int count, long now)
    {
        bool redeliver = _redeliveries.RunCount > 0 && (_redeliverNext || _window.RunCount == 0);
        _redeliverNext = !redeliver;
        RunQueue source = redeliver ? _redeliveries : _window;
        while (count > 0 && source.RunCount > 0 && consumer.Window > 0)
        {
            ReadyRun run = source.First;
            int taken = SendRun(consumer, run, Math.Min(count, run.Count), now, out int position);
            if (!redeliver && taken == run.Count)
            {
                // Bytes are counted by batch, and given back when its last run goes.
                if (source.RunCount == 1 || !ReferenceEquals(source[1].Batch, run.Batch))
                    _windowBytes -= run.Batch.Records.Length;
            }

            source.Take(taken, position);
            count -= taken;
        }

        if (_window.RunCount == 0)
            _windowBytes = 0;
    }

    private int SendRun(Consumer consumer, in ReadyRun run, int count, long now, out int position)
    {
        ReadOnlySpan<byte> records = run.Batch.Records;
        ushort attempts = (ushort)Math.Min(run.Attempts + 1, ushort.MaxValue);
        position = run.Position;
        int start = position;
        int sent = 0;
        int taken = 0;
        while (taken < count && consumer.Window > 0)
        {
            long offset = run.FirstOffset + taken;
            int size = BinaryPrimitives.ReadInt32BigEndian(records[position..]);
            if (consumer.SampleRate > 0 && _random.Next(100) > consumer.SampleRate)
            {
                EmitRun(consumer, run.Batch, start, offset - sent, sent, attempts);
                sent = 0;
                start = position + MessageBatch.RecordHeaderSize + size;
                _discarded[(int)DiscardCause.Sampled]++;
                MarkFinished(offset);
            }
            else
            {
                long published = BinaryPrimitives.ReadInt64BigEndian(records[(position + sizeof(int))..]);
                consumer.Sent += size;
                _inFlight.Add(offset, attempts, consumer, now, published, _limits.OwnsBodies ? new BodyRef(run.Batch, position) : default);
                consumer.InFlight++;
                sent++;
            }

            position += MessageBatch.RecordHeaderSize + size;
            taken++;
        }

        EmitRun(consumer, run.Batch, start, run.FirstOffset + taken - sent, sent, attempts);
        return taken;
    }

    private void EmitRun(Consumer consumer, MessageBatch batch, int position, long firstOffset, int count, ushort attempts)
    {
        if (count == 0)
            return;
        consumer.Delivered += count;
        DeliveriesByProximity[_limits.TopologyAware ? (int)consumer.Proximity : 0] += count;
        AttachedGateway gateway = consumer.Gateway;
        if (gateway.Outbox.Count == 0)
            Outgoing.Add(gateway);
        gateway.Outbox.Add(new DeliveryRun(consumer.Number, batch, position, firstOffset, count, attempts, consumer.Sent));
    }
}
