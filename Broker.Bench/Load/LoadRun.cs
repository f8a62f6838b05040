using Broker.Bench.Measuring;
using Broker.Bench.Reports;
using Broker.Bench.Sockets;

namespace Broker.Bench.Load;

/// <summary>Carries out a plan against a server, once.</summary>
public sealed class LoadRun : IDisposable
{
    private const int PublisherReceiveCapacity = 4 * 1024;
    private const int ConsumerReceiveCapacity = 256 * 1024;
    private const int ClosingPatienceMilliseconds = 1000;

    private const double BytesPerMegabyte = 1e6;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(5);

    private readonly LoadPlan _plan;
    private readonly RunControl _run;
    private readonly ServerProcess? _server;
    private readonly ProgressLine? _progress;
    private readonly List<Publisher> _publishers = [];
    private readonly List<Consumer> _consumers = [];
    private readonly List<EventLoop> _loops = [];

    /// <param name="plan">What to do.</param>
    /// <param name="progress">Where to tell how it is going; null for nowhere.</param>
    /// <exception cref="LoadException">The server's process cannot be looked at.</exception>
    public LoadRun(LoadPlan plan, TextWriter? progress)
    {
        _plan = plan;
        _run = new RunControl(plan.Messages);
        _server = plan.ServerPid > 0 ? new ServerProcess(plan.ServerPid) : null;
        if (progress is not null)
            _progress = new ProgressLine(progress, _server);
    }

    private long Acknowledged => _publishers.Sum(publisher => publisher.Acknowledged);

    private long Received => _consumers.Sum(consumer => consumer.Messages);

    /// <summary>Connects, works and measures. Cancelling ends the work early, with the figures so far.</summary>
    /// <exception cref="LoadException">The server cannot be reached, refuses or goes away.</exception>
    public async Task<LoadReport> RunAsync(CancellationToken interrupt)
    {
        // Connecting blocks, once for each of what may be ten thousand connections.
        await Task.Run(Connect, CancellationToken.None);
        try
        {
            if (_plan.WarmUp > TimeSpan.Zero)
            {
                StartLoops();
                await WaitAsync(_plan.WarmUp, static () => false, interrupt);
            }
            Snapshot begin = Snapshot.Of(this);
            _run.Measure();
            if (_plan.WarmUp == TimeSpan.Zero)
                StartLoops();
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

    public void Dispose()
    {
        foreach (LoadConnection connection in _publishers.Concat<LoadConnection>(_consumers))
            connection.Dispose();
    }

    private void Connect()
    {
        for (int topic = 0; topic < _plan.Topics; topic++)
        {
            for (int channel = 0; channel < _plan.Channels; channel++)
            {
                if (_plan.Consumes)
                    AddConsumers(_plan.TopicName(topic), _plan.ChannelName(channel));
                else
                    CreateChannel(_plan.TopicName(topic), _plan.ChannelName(channel));
            }
        }
        for (int i = 0; _plan.Publishes && i < _plan.Producers; i++)
            _publishers.Add(new Publisher(ServerConnection.Open(_plan.Server, _plan.Identify, PublisherReceiveCapacity), _run, _plan, i));
        foreach (LoadConnection connection in _publishers.Concat<LoadConnection>(_consumers))
            connection.Connection.StopBlocking();
    }

    private void AddConsumers(string topic, string channel)
    {
        for (int i = 0; i < _plan.Consumers; i++)
        {
            ServerConnection connection = ServerConnection.Open(_plan.Server, _plan.Identify, ConsumerReceiveCapacity);
            _consumers.Add(new Consumer(connection, _run, _plan));
            connection.Subscribe(topic, channel);
        }
    }

    private void CreateChannel(string topic, string channel)
    {
        using ServerConnection connection = ServerConnection.Open(_plan.Server, _plan.Identify, PublisherReceiveCapacity);
        connection.Subscribe(topic, channel);
    }

    private void StartLoops()
    {
        AddLoops("consume", _consumers, paced: false);
        AddLoops("publish", _publishers, paced: _plan.Rate > 0);
        foreach (EventLoop loop in _loops)
            loop.Start();
    }

    private void AddLoops(string name, IReadOnlyList<LoadConnection> connections, bool paced)
    {
        for (int thread = 0; thread < Math.Min(_plan.Threads, connections.Count); thread++)
            _loops.Add(new EventLoop(name, _run, [.. connections.Where((_, index) => index % _plan.Threads == thread)], paced));
    }

    private async Task StopAsync()
    {
        if (_run.Phase == RunPhase.Stopped)
            return;
        _run.Stop();
        await Task.Run(() =>
        {
            foreach (EventLoop loop in _loops)
                loop.Join();
            foreach (Consumer consumer in _consumers)
                consumer.Connection.EndSending();
            foreach (Consumer consumer in _consumers)
                consumer.Connection.AwaitEnd(ClosingPatienceMilliseconds);
        });
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

    private bool AllAnswered() => _publishers.TrueForAll(publisher => publisher.IsQuiet);

    private bool AllReceived() => Received >= Acknowledged * _plan.Channels;

    private long LastMessageAt() => _consumers.Max(consumer => consumer.LastMessageAt);

    private LoadReport Report(Snapshot begin, Snapshot end)
    {
        // Work that was used up ended with its last message, not when that was noticed.
        long publishingEnd = _plan.Publishes && _run.IsUsedUp ? _publishers.Max(publisher => publisher.LastAnswerAt) : end.Use.At;
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
            Producers = _publishers.Count,
            Consumers = _consumers.Count,
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
        Published = report.Published is null ? null : report.Published with { Latency = Sum(_publishers, publisher => publisher.Answers) },
        Received = report.Received is null ? null : report.Received with { Latency = Sum(_consumers, consumer => consumer.Deliveries) },
        SendDelay = Sum(_publishers, publisher => publisher.Delays),
        Redelivered = _consumers.Sum(consumer => consumer.Redelivered),
        FailedFins = _consumers.Sum(consumer => consumer.Failed),
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
            MachineUse.Read(run._server), run.Acknowledged, run.Received, run._consumers.Sum(consumer => consumer.Bytes));
    }
}
