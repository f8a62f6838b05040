using System.Text;
using Broker.Channels;
using Broker.Gateways;
using Broker.Grains;
using Broker.Grains.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Tests.Grains;

/// <summary>Runs random operations on a <see cref="ChannelQueue"/> and on its model, and compares after each.</summary>
internal sealed class QueueDriver
{
    private const long MaxTouch = 13_000;
    private const long MaxDelay = 20_000;
    private const int BodySize = 10;

    private readonly Random _random;
    private readonly bool _ownsBodies;
    private readonly QueueModel _model;
    private readonly ChannelLimits _limits;
    private readonly AttachedGateway _gateway = new("g", new NoObserver());
    private readonly SortedDictionary<int, Consumer> _consumers = [];
    private readonly List<MessageBatch> _log = [];
    private readonly StringBuilder _trace = new();
    private readonly Journal _journal = new();
    private ChannelQueue _queue;
    private long _now = 1_000_000;
    private long _end = 100;
    private int _nextConsumer;

    public QueueDriver(int seed, bool ownsBodies)
    {
        _random = new Random(seed);
        _ownsBodies = ownsBodies;
        long window = _random.Next(4) == 0 ? 0 : _random.Next(1, 600);
        _limits = new ChannelLimits
        {
            WindowMessages = ownsBodies ? 1_000_000 : window,
            WindowBytes = _random.Next(3) == 0 ? 500 : 1 << 20,
            OwnsBodies = ownsBodies,
            MaxMessageTimeout = MaxTouch,
            MaxRequeueDelay = MaxDelay,
        };
        _model = new QueueModel(ownsBodies, window);
        _queue = new ChannelQueue(_limits, _end, new Random(1));
        _queue.Recover(null, [], [], _end);
    }

    public string Trace => _trace.ToString();

    private Moment Now => new(_now, _now);

    public void Run(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Step();
            Settle();
            Compare();
        }
    }

    private void Step()
    {
        switch (_random.Next(20))
        {
            case 0 or 1 or 2 or 3:
                Publish(deferred: false);
                break;
            case 4:
                Publish(deferred: true);
                break;
            case 5:
                Join();
                break;
            case 6 when _random.Next(3) == 0:
                Leave();
                break;
            case 7 or 8:
                Ready();
                break;
            case 9:
                Window();
                break;
            case 10 or 11 or 12 or 13 or 14:
                Finish();
                break;
            case 15:
                Requeue();
                break;
            case 16:
                Touch();
                break;
            case 17:
                _now += _random.Next(1, 9_000);
                Say($"time {_now}");
                break;
            case 18 when _random.Next(4) == 0:
                _queue.Paused = _model.Paused = !_model.Paused;
                Say($"paused {_model.Paused}");
                break;
            case 18 when _random.Next(4) == 0:
                Limit();
                break;
            case 19 when _random.Next(8) == 0:
                Empty();
                break;
            case 19 when _random.Next(3) == 0 && !_ownsBodies:
                Restart();
                break;
        }
    }

    private void Publish(bool deferred)
    {
        // Offsets jump now and then, as they do after a crash.
        long from = _end;
        if (_random.Next(10) == 0)
            _end += _random.Next(1, 5_000);
        int count = _random.Next(5) == 0 ? _random.Next(1, 400) : _random.Next(1, 6);
        byte[][] bodies = [.. Enumerable.Range(0, count).Select(i => Body(_end + i))];
        MessageBatch batch = MessageBatch.Create(5, bodies).At(_end);
        if (deferred)
        {
            long[] due = [.. Enumerable.Range(0, count).Select(_ => _now + _random.Next(0, 30_000))];
            batch = new MessageBatch { BaseOffset = batch.BaseOffset, Count = count, Records = batch.Records, DueTimes = due };
        }

        _log.Add(batch);
        for (int i = 0; i < count; i++)
        {
            _model.Messages[_end + i] = new QueueModel.Message(_end + i)
            {
                State = deferred ? QueueModel.State.Deferred : QueueModel.State.Ready,
                Due = deferred ? batch.DueTimes![i] : 0,
            };
        }

        _end = batch.EndOffset;
        bool withBatches = _ownsBodies || _random.Next(2) == 0;
        Say($"publish {count} at {batch.BaseOffset} deferred={deferred} batches={withBatches}");
        bool taken = withBatches
            ? _queue.Offer(from, _end, [batch])
            : _queue.Offer(from, _end, deferred ? 0 : count, deferred ? [new DeferredHeader(batch.BaseOffset, batch.DueTimes!)] : []);
        Assert.True(taken, "the queue refused an offer that follows its end");
    }

    private void Join()
    {
        QueueModel.Member member = new(_nextConsumer++, _random.Next(2) == 0 ? 5_000 : _random.Next(1_000, 11_000))
        {
            Ready = _random.Next(0, 20),
            Window = _random.Next(1, 400),
        };
        _model.Members.Add(member.Number, member);
        Consumer consumer = new(_gateway, new ConsumerAttachment
        {
            Consumer = member.Number,
            MessageTimeout = member.Timeout,
            Ready = member.Ready,
            Window = member.Window,
        });
        _consumers.Add(member.Number, consumer);
        Say($"join {member.Number} ready={member.Ready} window={member.Window}");
        _queue.Join(consumer, [], Now);
    }

    private void Leave()
    {
        if (Pick() is not { } member)
            return;
        Say($"leave {member.Number}");
        member.Here = false;
        _queue.Leave(_consumers[member.Number]);
        _consumers.Remove(member.Number);
    }

    private void Ready()
    {
        if (Pick() is not { } member)
            return;
        member.Ready = _random.Next(0, 30);
        Say($"ready {member.Number} {member.Ready}");
        _queue.SetReady(_consumers[member.Number], member.Ready);
    }

    private void Window()
    {
        if (Pick() is not { } member)
            return;
        int bytes = _random.Next(1, 400);
        member.Window += bytes;
        Say($"window {member.Number} +{bytes}");
        _queue.GrowWindow(_consumers[member.Number], bytes);
    }

    private void Finish()
    {
        for (int i = _random.Next(1, 30); i > 0; i--)
        {
            if (Pick() is not { } member || PickOffset(member) is not { } offset)
                return;
            CommandFailureCause? expected = _model.Check(member.Number, offset);
            Say($"finish {offset} by {member.Number}: {expected}");
            Assert.Equal(expected, _queue.Finish(_consumers[member.Number], offset));
            if (expected is null)
                _model.Messages[offset].State = QueueModel.State.Gone;
        }
    }

    private void Requeue()
    {
        if (Pick() is not { } member || PickOffset(member) is not { } offset)
            return;
        long delay = _random.Next(2) == 0 ? 0 : _random.Next(1, 40_000);
        CommandFailureCause? expected = _model.Check(member.Number, offset);
        Say($"requeue {offset} by {member.Number} after {delay}: {expected}");
        Assert.Equal(expected, _queue.Requeue(_consumers[member.Number], offset, delay, Now));
        if (expected is not null)
            return;
        QueueModel.Message message = _model.Messages[offset];
        TryAgain(message);
        if (delay == 0 || message.State is QueueModel.State.Gone or QueueModel.State.Dying)
            return;
        message.State = QueueModel.State.Deferred;
        message.Due = _now + Math.Min(delay, MaxDelay);
    }

    private void TryAgain(QueueModel.Message message)
    {
        message.State = _model.After(message);
        Say($"{message.Offset} after attempt {message.Attempts}: {message.State}");
        if (message.State == QueueModel.State.Deferred)
            message.Due = _queue.Find(message.Offset)!.Value.Due;
    }

    private void Limit()
    {
        _queue.Policy = _model.Policy = new ChannelPolicy
        {
            MaxAttempts = _random.Next(3) == 0 ? null : _random.Next(0, 4),
            DeadLetter = _random.Next(3) == 0 ? ChannelPolicy.Drop : ChannelPolicy.Keep,
            RetryDelay = _random.Next(2) == 0 ? null : new RetryDelay(_random.Next(1, 5_000), 2, 8_000),
            MaxInFlight = _random.Next(2) == 0 ? null : _random.Next(0, 20),
        };
        Say($"policy {_model.Policy}");
    }

    private void Touch()
    {
        if (Pick() is not { } member || PickOffset(member) is not { } offset)
            return;
        CommandFailureCause? expected = _model.Check(member.Number, offset);
        Say($"touch {offset} by {member.Number}: {expected}");
        Assert.Equal(expected, _queue.Touch(_consumers[member.Number], offset, _now));
        if (expected is not null)
            return;
        QueueModel.Message message = _model.Messages[offset];
        message.Deadline = Math.Min(_now + member.Timeout, message.Delivered + MaxTouch);
    }

    private void Empty()
    {
        Say("empty");
        Bury(_queue.Dying.Count);
        foreach (QueueModel.Message message in _model.Messages.Values)
            message.State = QueueModel.State.Gone;
        _queue.Empty(_end, _consumers.Values);
    }

    // A graceful stop: what was noted is recovered; what was in flight comes again with its attempts.
    private void Restart()
    {
        Say("restart");
        _queue.NoteInFlight();
        TakeNotes();
        foreach (QueueModel.Message message in _model.Messages.Values)
        {
            if (message.State is QueueModel.State.InFlight or QueueModel.State.Dying)
                message.State = QueueModel.State.Ready;
        }

        foreach (int number in _consumers.Keys.ToArray())
        {
            _model.Members[number].Here = false;
            _consumers.Remove(number);
        }

        _gateway.Consumers.Clear();
        bool paused = _queue.Paused;
        _queue = new ChannelQueue(_limits, 100, new Random(1)) { Paused = paused, Policy = _model.Policy };
        ChannelState? state = _journal.Recover();
        long floor = Math.Max(100, state?.Floor ?? 0);
        DeferredHeader[] headers = [.. _log.Where(b => b.IsDeferred && b.EndOffset > floor).Select(b => new DeferredHeader(b.BaseOffset, b.DueTimes!))];
        _queue.Recover(state, headers, [], _end);
        long backlog = 0;
        foreach (OffsetRange range in _queue.Unfinished(_end))
            backlog += _log.Where(b => !b.IsDeferred).Sum(b => Math.Max(0, Math.Min(b.EndOffset, range.End) - Math.Max(b.BaseOffset, range.Start)));
        HashSet<long> born = [.. headers.SelectMany(h => Enumerable.Range(0, h.DueTimes.Length).Select(i => h.BaseOffset + i))];
        long known = state?.Messages.Count(m => _queue.IsKnown(m.Offset) && !born.Contains(m.Offset)) ?? 0;
        _queue.SetBacklog(backlog, known);
    }

    private void Settle()
    {
        _queue.Expire(Now);
        _model.Expire(_now, TryAgain);
        do
        {
            _queue.Dispatch(Now);
            TakeDeliveries();
        }
        while (Read());
        if (_random.Next(2) == 0)
            Bury(Math.Min(_queue.Dying.Count, _random.Next(1, 5)));
        TakeNotes();
    }

    // The store has what was given up; now and then one that could not be read is missing, or the oldest of the dead make room.
    private void Bury(int count)
    {
        if (count == 0)
            return;
        TakeNotes();
        List<DeadLetter> letters = [];
        foreach (DyingMessage dying in _queue.Dying.Take(count))
        {
            QueueModel.Message message = _model.Messages[dying.Offset];
            Assert.Equal((QueueModel.State.Dying, message.Attempts), (message.State, dying.Attempts));
            message.State = QueueModel.State.Gone;
            DeadLetter letter = new()
            {
                Number = _queue.Letters.End + letters.Count,
                Offset = dying.Offset,
                Attempts = dying.Attempts,
                Cause = dying.Cause,
                Time = dying.Time,
                Address = "",
                ClientId = "",
                Record = Body(dying.Offset),
            };
            letters.Add(letter);
            _journal.Note(new ProgressEntry(ProgressKind.Died, letter.Offset, letter.Number, Size: letter.Size));
        }

        Say($"bury {count}");
        _queue.Bury(count, letters, DiscardCause.Lost);
        DeadNumbers dead = _queue.Letters;
        if (dead.Count > 3)
            _queue.DiscardDead(dead.Floor, dead.Floor + 1, letters[0].Size, DiscardCause.DeadEvicted);
    }

    private bool Read()
    {
        if (_queue.WantsBodies)
        {
            List<DeferredMessage> missing = _queue.TakeMissing(_random.Next(1, 40));
            foreach (DeferredMessage message in missing)
            {
                MessageBatch batch = _log.Single(b => b.BaseOffset <= message.Offset && message.Offset < b.EndOffset);
                if (_random.Next(10) == 0)
                    _queue.PutBack(message);
                else
                    _queue.Supply(new ReadyRun(batch, batch.PositionOf((int)(message.Offset - batch.BaseOffset)), message.Offset, 1, message.Attempts));
            }

            return true;
        }

        if (!_queue.WantsLog)
            return false;
        MessageBatch[] batches = [.. _log.Where(b => b.EndOffset > _queue.Cursor).Take(_random.Next(1, 4))];
        long end = batches.Length == 0 ? _queue.End : batches[^1].EndOffset;
        _queue.TakeFromLog(batches, end);
        return true;
    }

    private void TakeDeliveries()
    {
        foreach (AttachedGateway gateway in _queue.Outgoing)
        {
            foreach (DeliveryRun run in gateway.Outbox)
            {
                int position = run.Position;
                for (int i = 0; i < run.Count; i++)
                {
                    long offset = run.FirstOffset + i;
                    Say($"delivered {offset} to {run.Consumer} attempts={run.Attempts}");
                    Assert.Equal(Body(offset), run.Batch.BodyAt(position).ToArray());
                    position += run.Batch.SizeAt(position);
                    QueueModel.Message message = _model.Messages[offset];
                    QueueModel.Member member = _model.Members[run.Consumer];
                    Assert.Equal(QueueModel.State.Ready, message.State);
                    Assert.True(member.Here, "delivered to a consumer that has left");
                    Assert.False(_model.Paused, "delivered while paused");
                    Assert.True(member.Window > 0, "delivered to a shut window");
                    Assert.True(_model.InFlightOf(run.Consumer) < member.Ready, "delivered beyond RDY");
                    Assert.True(_model.HasRoom, "delivered beyond what may be in flight");
                    message.State = QueueModel.State.InFlight;
                    message.Owner = run.Consumer;
                    message.Attempts++;
                    message.Delivered = _now;
                    message.Deadline = _now + member.Timeout;
                    member.Window -= BodySize;
                    Assert.Equal(message.Attempts, run.Attempts);
                }
            }

            gateway.Outbox.Clear();
        }

        _queue.Outgoing.Clear();
    }

    private void TakeNotes()
    {
        _queue.CompleteNotes();
        foreach (ProgressEntry note in _queue.Notes)
            _journal.Note(note);
        _queue.Notes.Clear();
    }

    private void Compare()
    {
        Assert.Equal(_model.Count(QueueModel.State.Ready), _queue.Depth);
        Assert.Equal(_model.Count(QueueModel.State.InFlight), _queue.InFlight);
        Assert.Equal(_model.Count(QueueModel.State.Deferred), _queue.Deferred);
        Assert.Equal(_model.Count(QueueModel.State.Dying), _queue.Dying.Count);
        Assert.Equal(0, _queue.Books.Discarded[(int)DiscardCause.Lost]);
        Assert.Equal(
            _queue.Books.StartedWith + _queue.Books.Messages,
            _queue.Books.Finished + _queue.Books.DiscardedInAll + _queue.Depth + _queue.InFlight + _queue.Deferred + _queue.Dead);
        Assert.True(_queue.Floor <= _model.Floor(_end), "the floor has passed a message that is not finished");
        if (_queue.Cursor == _queue.End)
            Assert.Equal(_model.Floor(_end), _queue.Floor);
        foreach (QueueModel.Member member in _model.Members.Values.Where(m => m.Here))
        {
            int credit = member.Window > 0 ? member.Ready - _model.InFlightOf(member.Number) : 0;
            Assert.False(
                credit > 0 && !_model.Paused && _model.HasRoom && _model.Count(QueueModel.State.Ready) > 0,
                $"consumer {member.Number} has credit {credit} and messages wait, but nothing was delivered");
        }

        long next = _model.Messages.Values.Select(m => m.State switch
        {
            QueueModel.State.InFlight => m.Deadline,
            QueueModel.State.Deferred => m.Due,
            _ => long.MaxValue,
        }).DefaultIfEmpty(long.MaxValue).Min();
        Assert.Equal(next, _queue.NextDeadline(Now));
    }

    private QueueModel.Member? Pick()
    {
        QueueModel.Member[] here = [.. _model.Members.Values.Where(m => m.Here)];
        return here.Length == 0 ? null : here[_random.Next(here.Length)];
    }

    // Mostly something that is in flight with the member, now and then anything.
    private long? PickOffset(QueueModel.Member member)
    {
        if (_model.Messages.Count == 0)
            return null;
        long[] mine = [.. _model.Messages.Values.Where(m => m.State == QueueModel.State.InFlight && m.Owner == member.Number).Select(m => m.Offset)];
        if (mine.Length > 0 && _random.Next(8) != 0)
            return mine[_random.Next(mine.Length)];
        return _model.Messages.Keys.ElementAt(_random.Next(_model.Messages.Count));
    }

    private void Say(string what) => _trace.AppendLine(what);

    private static byte[] Body(long offset) => Encoding.ASCII.GetBytes(offset.ToString("D10", System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Replays notes as the journal's definition says, with plain sets.</summary>
    private sealed class Journal
    {
        private readonly SortedSet<long> _finished = [];
        private readonly SortedDictionary<long, MessageState> _states = [];
        private readonly DeadNumbers _dead = new();
        private long _floor;

        public void Note(ProgressEntry entry)
        {
            switch (entry.Kind)
            {
                case ProgressKind.Finished:
                    for (long offset = entry.Offset; offset < entry.Value; offset++)
                    {
                        _finished.Add(offset);
                        _states.Remove(offset);
                    }

                    break;
                case ProgressKind.Floor:
                    _floor = Math.Max(_floor, entry.Offset);
                    Forget(entry.Offset);
                    break;
                case ProgressKind.Emptied:
                    _floor = entry.Offset;
                    Forget(entry.Offset);
                    break;
                case ProgressKind.Deferred:
                    _states[entry.Offset] = new MessageState(entry.Offset, entry.Attempts, entry.Value, false);
                    break;
                case ProgressKind.Attempts:
                    _states[entry.Offset] = new MessageState(entry.Offset, entry.Attempts, 0, false);
                    break;
                case ProgressKind.Died:
                    _finished.Add(entry.Offset);
                    _states.Remove(entry.Offset);
                    _dead.Add(entry.Value, entry.Size);
                    break;
                case ProgressKind.DeadRemoved:
                    _dead.Remove(entry.Offset, entry.Value, entry.Size);
                    break;
            }
        }

        public ChannelState Recover() => new()
        {
            Floor = _floor,
            Finished = [.. _finished.Where(o => o >= _floor).Select(o => new OffsetRange(o, o + 1))],
            Messages = [.. _states.Values],
            Dead = _dead.Copy(),
        };

        private void Forget(long below)
        {
            foreach (long offset in _states.Keys.TakeWhile(o => o < below).ToArray())
                _states.Remove(offset);
            _finished.RemoveWhere(offset => offset < below);
        }
    }
}
