using System.Threading.Channels;
using Broker.Bench.Load;
using Broker.Bench.Measuring;
using Broker.Bench.Sockets;

namespace Broker.Bench.Versus.Clients;

/// <summary>A connection of a client library that publishes: as fast as the server answers, or on a schedule.</summary>
internal sealed class ClientProducer : IProducing, IAsyncDisposable
{
    private readonly IClientPublisher _publisher;
    private readonly RunControl _run;
    private readonly LoadPlan _plan;
    private readonly int _index;
    private readonly Channel<PublishSlot> _free;
    private readonly double _interval;
    private Task _work = Task.CompletedTask;
    private long _queued;
    private long _answered;
    private long _lastAnswerAt;

    /// <param name="publisher">An open connection.</param>
    /// <param name="run">The run this is a part of.</param>
    /// <param name="plan">What to publish, and how.</param>
    /// <param name="index">0-based number of this producer.</param>
    public ClientProducer(IClientPublisher publisher, RunControl run, LoadPlan plan, int index)
    {
        _publisher = publisher;
        _run = run;
        _plan = plan;
        _index = index;
        _free = Channel.CreateUnbounded<PublishSlot>(new UnboundedChannelOptions { SingleReader = true });
        for (int i = 0; i < plan.Pipeline; i++)
            _free.Writer.TryWrite(new PublishSlot(plan.Size, plan.Batch));
        if (plan.Rate > 0)
            _interval = plan.Producers * plan.Batch / plan.Rate * MonotonicClock.NanosecondsPerSecond;
    }

    public long Acknowledged => Volatile.Read(ref _answered) * _plan.Batch;

    public bool IsQuiet => Volatile.Read(ref _answered) == Volatile.Read(ref _queued);

    public long LastAnswerAt => Volatile.Read(ref _lastAnswerAt);

    public LatencyHistogram Answers { get; } = new();

    public LatencyHistogram Delays { get; } = new();

    private bool IsWorking => _run.IsWorking && !_run.IsUsedUp;

    public void Start() => _work = _plan.Rate > 0
        ? Task.Factory.StartNew(KeepSchedule, TaskCreationOptions.LongRunning)
        : Task.Run(PublishAllAsync);

    /// <summary>Returns when nothing is published any more; the run has ended.</summary>
    public async Task StopAsync()
    {
        _free.Writer.TryComplete();
        await _work;
    }

    public ValueTask DisposeAsync() => _publisher.DisposeAsync();

    private async Task PublishAllAsync()
    {
        while (IsWorking && await _free.Reader.WaitToReadAsync())
        {
            while (IsWorking && _free.Reader.TryRead(out PublishSlot? slot))
                Publish(slot, MonotonicClock.Now);
        }
    }

    // A thread of its own: the pool's timers are a millisecond late.
    private void KeepSchedule()
    {
        if (OperatingSystem.IsLinux())
            LinuxCalls.SharpenTimers();
        double first = MonotonicClock.Now + (_interval * _index / _plan.Producers);
        for (long number = 0; IsWorking; number++)
        {
            long intended = (long)(first + (number * _interval));
            LinuxCalls.Sleep(intended - MonotonicClock.Now);
            while (IsWorking && !_free.Reader.TryPeek(out _))
                LinuxCalls.Sleep(MonotonicClock.NanosecondsPerMillisecond / 10);
            if (!IsWorking || !_free.Reader.TryRead(out PublishSlot? slot))
                return;
            if (_run.IsMeasured(intended))
                Delays.Record(MonotonicClock.Now - intended);
            Publish(slot, intended);
        }
    }

    private void Publish(PublishSlot slot, long intended)
    {
        if (_run.Take(1, _plan.Batch) == 0)
            return;
        slot.Stamp(intended);
        int topic = (int)((_index + (_queued * _plan.Producers)) % _plan.Topics);
        Volatile.Write(ref _queued, _queued + 1);
        _ = AwaitAnswerAsync(_publisher.PublishAsync(_plan.TopicName(topic), slot.Bodies), slot, intended);
    }

    private async Task AwaitAnswerAsync(Task answer, PublishSlot slot, long intended)
    {
        try
        {
            await answer;
        }
        catch (Exception exception)
        {
            _run.Fail(new LoadException($"a publish failed: {exception.Message}", exception));
            return;
        }
        long now = MonotonicClock.Now;
        lock (Answers)
        {
            if (_run.IsMeasured(intended))
                Answers.Record(now - intended);
            Volatile.Write(ref _lastAnswerAt, now);
            Volatile.Write(ref _answered, _answered + 1);
        }
        _free.Writer.TryWrite(slot);
    }
}
