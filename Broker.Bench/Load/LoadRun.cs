using Broker.Bench.Measuring;
using Broker.Bench.Reports;
using Broker.Bench.Sockets;

namespace Broker.Bench.Load;

/// <summary>Carries out a plan against a server, once.</summary>
public sealed class LoadRun : IAsyncDisposable
{
    private const double BytesPerMegabyte = 1e6;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    private readonly LoadPlan _plan;
    private readonly RunControl _run;
    private readonly ServerProcess? _server;
    private readonly ProgressLine? _progress;
    private readonly ITraffic _traffic;

    /// <param name="plan">What to do.</param>
    /// <param name="progress">Where to tell how it is going; null for nowhere.</param>
    /// <exception cref="LoadException">The server's process cannot be looked at.</exception>
    public LoadRun(LoadPlan plan, TextWriter? progress)
        : this(plan, progress, static (plan, run) => new NsqTraffic(plan, run))
    {
    }

    /// <inheritdoc cref="LoadRun(LoadPlan, TextWriter?)"/>
    /// <param name="plan"/>
    /// <param name="progress"/>
    /// <param name="traffic">Makes the connections that carry out the plan.</param>
    public LoadRun(LoadPlan plan, TextWriter? progress, Func<LoadPlan, RunControl, ITraffic> traffic)
    {
        _plan = plan;
        _run = new RunControl(plan.Messages);
        _traffic = traffic(plan, _run);
        _server = plan.ServerPids.Count > 0 ? new ServerProcess(plan.ServerPids) : null;
        if (progress is not null)
            _progress = new ProgressLine(progress, _server);
    }

    /// <summary>Messages that were acknowledged.</summary>
    public long Acknowledged => _traffic.Producers.Sum(publisher => publisher.Acknowledged);

    private long Received => _traffic.Consumers.Sum(consumer => consumer.Messages);

    /// <summary>Connects, works and measures. Cancelling ends the work early, with the figures so far.</summary>
    /// <exception cref="LoadException">The server cannot be reached, refuses or goes away.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken interrupt)
    {
        await _traffic.ConnectAsync();
        try
        {
            if (_plan.WarmUp > TimeSpan.Zero)
            {
                _traffic.Start();
                await WaitAsync(_plan.WarmUp, static () => false, interrupt);
            }
            Snapshot begin = Snapshot.Of(this);
            _run.Measure();
            if (_plan.WarmUp == TimeSpan.Zero)
                _traffic.Start();
            await WaitAsync(_plan.Duration, IsDone, interrupt);
            _run.Drain();
            Snapshot end = Snapshot.Of(this);

            LoadReport report = Report(begin, end) with { Interrupted = interrupt.IsCancellationRequested };
            await WaitAsync(AnswerPatience, AllAnswered, interrupt);
            if (_plan.Work == Work.Both)
            {
                await WaitAsync(Timeout.InfiniteTimeSpan, () => AllReceived() || IsConsumerIdle(), interrupt);
                report = report with
                {
                    EndToEndMessagesPerSecond = (Received - begin.Received) / Seconds(LastMessageAt() - begin.Use.At),
                    Missing = Math.Max(0, Acknowledged * _plan.Channels - Received),
                };
            }
            await StopAsync();
            return WithLatencies(report);
        }
        finally
        {
            await StopAsync();
        }
    }

    public ValueTask DisposeAsync() => _traffic.DisposeAsync();

    private async Task StopAsync()
    {
        if (_run.Phase == RunPhase.Stopped)
            return;
        _run.Stop();
        await _traffic.StopAsync();
    }

    /// <summary>Waits until the time is over, the condition holds or the run is interrupted; throws if the run fails.</summary>
    private async Task WaitAsync(TimeSpan time, Func<bool> isOver, CancellationToken interrupt)
    {
        long end = time == Timeout.InfiniteTimeSpan ? LoadConnection.Never : MonotonicClock.Now + MonotonicClock.Nanoseconds(time);
        while (!isOver() && !interrupt.IsCancellationRequested)
        {
            TimeSpan left = TimeSpan.FromMicroseconds((end - MonotonicClock.Now) / 1000);
            if (left <= TimeSpan.Zero)
                return;
            Task pause = Task.Delay(left < Tick ? left : Tick, CancellationToken.None);
            await await Task.WhenAny(pause, _run.Failed);
            _progress?.Tell(_plan, Acknowledged, Received);
        }
    }

    private bool IsDone() => _plan.Work switch
    {
        Work.Consume => IsConsumed(),
        _ => _run.IsUsedUp && AllAnswered(),
    };

    private bool IsConsumed() => _run.IsUsedUp || IsConsumerIdle();

    private bool IsConsumerIdle() =>
        MonotonicClock.Now - Math.Max(LastMessageAt(), _run.MeasuredFrom) > MonotonicClock.Nanoseconds(_plan.Idle);

    private bool AllAnswered() => _traffic.Producers.All(publisher => publisher.IsQuiet);

    private bool AllReceived() => Received >= Acknowledged * _plan.Channels;

    private long LastMessageAt() => _traffic.Consumers.Max(consumer => consumer.LastMessageAt);

    private LoadReport Report(Snapshot begin, Snapshot end)
    {
        // Work that was used up ended with its last message, not when that was noticed.
        long publishingEnd = _plan.Publishes && _run.IsUsedUp ? _traffic.Producers.Max(publisher => publisher.LastAnswerAt) : end.Use.At;
        long consumingEnd = _plan.Work == Work.Consume && IsConsumed() ? LastMessageAt() : end.Use.At;
        long published = end.Acknowledged - begin.Acknowledged;
        long received = end.Received - begin.Received;
        return new LoadReport
        {
            Work = _plan.Work,
            Server = _plan.Server.ToString(),
            Topic = _plan.Topic,
            Topics = _plan.Topics,
            Channels = _plan.Channels,
            Producers = _traffic.Producers.Count,
            Consumers = _traffic.Consumers.Count,
            Size = _plan.Size,
            Batch = _plan.Batch,
            Pipeline = _plan.Pipeline,
            Rdy = _plan.Ready,
            Rate = _plan.Rate,
            Seconds = Seconds((_plan.Work == Work.Consume ? consumingEnd : publishingEnd) - begin.Use.At),
            Published = _plan.Publishes ? Flow(published, published * _plan.Size, publishingEnd - begin.Use.At) : null,
            Received = _plan.Consumes ? Flow(received, end.ReceivedBytes - begin.ReceivedBytes, consumingEnd - begin.Use.At) : null,
            ServerProcess = end.Use.ServerCost(begin.Use, _plan.Consumes ? received : published),
            Generator = end.Use.GeneratorCost(begin.Use, _plan.Consumes ? received : published),
        };
    }

    // Only once the threads have ended: what was slowest is answered last.
    private LoadReport WithLatencies(LoadReport report) => report with
    {
        Published = report.Published is null ? null : report.Published with { Latency = Sum(_traffic.Producers, publisher => publisher.Answers) },
        Received = report.Received is null ? null : report.Received with { Latency = Sum(_traffic.Consumers, consumer => consumer.Deliveries) },
        SendDelay = Sum(_traffic.Producers, publisher => publisher.Delays),
        Redelivered = _traffic.Consumers.Sum(consumer => consumer.Redelivered),
        FailedFins = _traffic.Consumers.Sum(consumer => consumer.Failed),
    };

    private static LatencySummary? Sum<T>(IEnumerable<T> connections, Func<T, LatencyHistogram> select)
    {
        LatencyHistogram sum = new();
        foreach (T connection in connections)
            sum.Add(select(connection));
        return LatencySummary.Of(sum);
    }

    private static FlowReport Flow(long messages, long bytes, long nanoseconds)
    {
        double seconds = Seconds(nanoseconds);
        return new FlowReport(messages, messages / seconds, bytes / seconds / BytesPerMegabyte, Latency: null);
    }

    // Never 0, so that no rate is infinite.
    private static double Seconds(long nanoseconds) => Math.Max(nanoseconds, 1) / (double)MonotonicClock.NanosecondsPerSecond;

    private readonly record struct Snapshot(MachineUse Use, long Acknowledged, long Received, long ReceivedBytes)
    {
        public static Snapshot Of(LoadRun run) => new(
            MachineUse.Read(run._server), run.Acknowledged, run.Received, run._traffic.Consumers.Sum(consumer => consumer.Bytes));
    }
}
