using Broker.Bench.Measuring;
using Broker.Bench.Sockets;
using Broker.Protocol.Client;

namespace Broker.Bench.Load;

/// <summary>A connection that publishes: as fast as the server answers, or on a schedule.</summary>
public sealed class Publisher : LoadConnection, IProducing
{
    private readonly RunControl _run;
    private readonly PublishRing _ring;
    private readonly long[] _intended;
    private readonly int _batch;
    private readonly int _pipeline;
    private readonly double _interval;
    private readonly double _phase;
    private long _startedAt;
    private long _queued;
    private long _answered;
    private long _sentBytes;
    private long _lastAnswerAt;

    /// <param name="connection">An open connection.</param>
    /// <param name="run">The run this is a part of.</param>
    /// <param name="plan">What to publish, and how.</param>
    /// <param name="index">0-based number of this producer.</param>
    public Publisher(ServerConnection connection, RunControl run, LoadPlan plan, int index)
        : base(connection)
    {
        _run = run;
        _batch = plan.Batch;
        _pipeline = plan.Pipeline;
        _ring = new PublishRing(Topics(plan, index), plan.Batch, plan.Size);
        _intended = new long[_ring.Length];
        if (plan.Rate > 0)
        {
            double commandsPerSecond = plan.Rate / plan.Batch;
            _interval = plan.Producers / commandsPerSecond * MonotonicClock.NanosecondsPerSecond;
            _phase = _interval * index / plan.Producers;
        }
    }

    /// <summary>Messages that the server has acknowledged.</summary>
    public long Acknowledged => Volatile.Read(ref _answered) * _batch;

    /// <summary>Whether every publish has its answer.</summary>
    public bool IsQuiet => Volatile.Read(ref _answered) == Volatile.Read(ref _queued);

    /// <summary>When the last answer came.</summary>
    public long LastAnswerAt => Volatile.Read(ref _lastAnswerAt);

    /// <summary>From the moment each publish was meant to be sent until its answer.</summary>
    public LatencyHistogram Answers { get; } = new();

    /// <summary>How late each publish was sent, on a schedule: the generator's own share of the latency.</summary>
    public LatencyHistogram Delays { get; } = new();

    public override bool WantsToWrite => _sentBytes < _queued * _ring.CommandSize;

    public override long DueAt => IsPaced && _run.IsWorking && !_run.IsUsedUp && Room > 0 ? NextDue : Never;

    private bool IsPaced => _interval > 0;

    private int Room => _pipeline - (int)(_queued - _answered);

    private long NextDue => _startedAt + (long)(_phase + _queued * _interval);

    public override void Start()
    {
        _startedAt = MonotonicClock.Now;
        Publish(_startedAt);
    }

    public override void Read()
    {
        if (!Connection.Receive())
            return;
        long now = MonotonicClock.Now;
        long answered = _answered;
        ReadOnlySpan<byte> unread = Connection.Unread;
        while (FrameReader.TryRead(ref unread, out Frame frame))
        {
            if (frame.Type == FrameType.Error)
                throw Connection.Refused(frame.Data);
            if (frame.IsHeartbeat)
            {
                // While a publish is on its way out that is sign of life enough, and no place for another command.
                if (!WantsToWrite)
                    Connection.Send("NOP\n"u8);
                continue;
            }
            long intended = _intended[answered % _ring.Length];
            if (_run.IsMeasured(intended))
                Answers.Record(now - intended);
            answered++;
        }
        Connection.KeepUnread(unread.Length);
        if (answered == _answered)
            return;
        Volatile.Write(ref _lastAnswerAt, now);
        Volatile.Write(ref _answered, answered);
        Publish(now);
    }

    public override void Continue()
    {
        Publish(MonotonicClock.Now);
        Send();
    }

    private static string[] Topics(LoadPlan plan, int index)
    {
        // Producers take the topics in turns, so that together they reach all.
        int length = Math.Max(plan.Pipeline, (plan.Topics + plan.Producers - 1) / plan.Producers);
        return [.. Enumerable.Range(0, length).Select(slot => plan.TopicName((int)((index + (long)slot * plan.Producers) % plan.Topics)))];
    }

    private void Publish(long now)
    {
        int count = Room;
        if (IsPaced)
            count = (int)Math.Min(count, now < NextDue ? 0 : (long)((now - NextDue) / _interval) + 1);
        if (count == 0 || !_run.IsWorking)
            return;
        count = _run.Take(count, _batch);
        long queued = _queued;
        for (int i = 0; i < count; i++, queued++)
        {
            long intended = IsPaced ? _startedAt + (long)(_phase + queued * _interval) : now;
            if (IsPaced && _run.IsMeasured(intended))
                Delays.Record(now - intended);
            _intended[queued % _ring.Length] = intended;
            _ring.Stamp(queued, intended);
        }
        Volatile.Write(ref _queued, queued);
        Send();
    }

    private void Send()
    {
        long end = _queued * _ring.CommandSize;
        while (_sentBytes < end)
        {
            int sent = Connection.Send(_ring.Between(_sentBytes, end));
            if (sent == 0)
                return;
            _sentBytes += sent;
        }
    }
}
