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
            MachineUse useBefore = MachineUse.Read(_server);
            Flow begin = Flow.Of(this);
            _run.Measure();
            if (_plan.WarmUp == TimeSpan.Zero)
                StartLoops();
            await WaitAsync(_plan.Duration, IsDone, interrupt);
            _run.Drain();
            MachineUse useAfter = MachineUse.Read(_server);
            Flow end = Flow.Of(this);
            (long resident, long peak) = _server?.ReadMemory() ?? default;

            long publishingEnd = _run.IsUsedUp && _plan.Publishes ? _publishers.Max(publisher => publisher.LastAnswerAt) : useAfter.At;
            long consumingEnd = _plan.Work == Work.Consume && IsConsumed() ? LastMessageAt() : useAfter.At;
            bool interrupted = interrupt.IsCancellationRequested;
            double? endToEnd = null;
            long? missing = null;
            await WaitAsync(AnswerPatience, AllAnswered, interrupt);
            if (_plan.Work == Work.Both)
            {
                await WaitAsync(Timeout.InfiniteTimeSpan, () => AllReceived() || IsConsumerIdle(), interrupt);
                endToEnd = (Received - begin.Received) / Seconds(LastMessageAt() - useBefore.At);
                missing = Math.Max(0, Acknowledged * _plan.Channels - Received);
            }
            await StopAsync();

            Flow moved = end - begin;
            double seconds = Seconds(Math.Max(publishingEnd, consumingEnd) - useBefore.At);
            long messages = _plan.Consumes ? moved.Received : moved.Published;
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
                Seconds = seconds,
                Interrupted = interrupted,
                Published = _plan.Publishes
                    ? Report(moved.Published, moved.Published * _plan.Size, publishingEnd - useBefore.At, Merge(_publishers, publisher => publisher.Answers))
                    : null,
                Received = _plan.Consumes
                    ? Report(moved.Received, moved.ReceivedBytes, consumingEnd - useBefore.At, Merge(_consumers, consumer => consumer.Deliveries))
                    : null,
                SendDelay = LatencySummary.Of(Merge(_publishers, publisher => publisher.Delays)),
                EndToEndMessagesPerSecond = endToEnd,
                Missing = missing,
                Redelivered = _consumers.Sum(consumer => consumer.Redelivered),
                FailedFins = _consumers.Sum(consumer => consumer.Failed),
                ServerProcess = useAfter.Server - useBefore.Server is TimeSpan spent
                    ? Cost(spent, useAfter.At - useBefore.At, messages, resident, peak)
                    : null,
                Generator = Cost(
                    useAfter.Generator - useBefore.Generator, useAfter.At - useBefore.At, messages,
                    Environment.WorkingSet, Environment.WorkingSet),
            };
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

    private static LatencyHistogram Merge<T>(IEnumerable<T> connections, Func<T, LatencyHistogram> select)
    {
        LatencyHistogram sum = new();
        foreach (T connection in connections)
            sum.Add(select(connection));
        return sum;
    }

    private static FlowReport Report(long messages, long bytes, long nanoseconds, LatencyHistogram latency)
    {
        double seconds = Seconds(nanoseconds);
        return new FlowReport(messages, messages / seconds, bytes / seconds / 1e6, LatencySummary.Of(latency));
    }

    private static ProcessReport Cost(TimeSpan spent, long nanoseconds, long messages, long resident, long peak) =>
        new(messages == 0 ? 0 : spent.TotalMicroseconds / messages, spent.TotalSeconds / Seconds(nanoseconds), resident, peak);

    // Never 0, so that no rate is infinite.
    private static double Seconds(long nanoseconds) => Math.Max(nanoseconds, 1) / (double)MonotonicClock.NanosecondsPerSecond;

    private readonly record struct Flow(long Published, long Received, long ReceivedBytes)
    {
        public static Flow Of(LoadRun run) => new(run.Acknowledged, run.Received, run._consumers.Sum(consumer => consumer.Bytes));

        public static Flow operator -(Flow end, Flow begin) =>
            new(end.Published - begin.Published, end.Received - begin.Received, end.ReceivedBytes - begin.ReceivedBytes);
    }
}
