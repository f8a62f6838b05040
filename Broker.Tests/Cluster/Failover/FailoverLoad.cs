using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Broker.Tests.Running;
using Xunit.Sdk;

namespace Broker.Tests.Cluster.Failover;

/// <summary>Publishes to topics and consumes from them without an end, and knows what was acknowledged, what came, and how long nothing came.</summary>
internal sealed class FailoverLoad : IAsyncDisposable
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(40);

    private readonly Flow[] _flows;
    private readonly CancellationTokenSource _publishing = new();
    private readonly CancellationTokenSource _consuming = new();
    private readonly List<Task> _publishers = [];
    private readonly List<Task> _consumers = [];

    private FailoverLoad(int topics) => _flows = [.. Enumerable.Range(0, topics).Select(i => new Flow($"t{i}"))];

    public int Acknowledged => _flows.Sum(flow => flow.Acknowledged.Count);

    /// <summary>Publishes that were not acknowledged.</summary>
    public int Refused => _flows.Sum(flow => flow.Refused);

    /// <summary>Deliveries of what had been delivered before.</summary>
    public int Repeated => _flows.Sum(flow => flow.Repeated);

    public IReadOnlyList<string> Missing =>
        [.. from flow in _flows from value in flow.Acknowledged where !flow.Delivered.ContainsKey(value) select $"{flow.Topic}/{value}"];

    /// <summary>Starts it, and waits until every topic has delivered something.</summary>
    public static async Task<FailoverLoad> StartAsync(int topics, EndPoint publishAt, EndPoint consumeAt)
    {
        FailoverLoad load = new(topics);
        foreach (Flow flow in load._flows)
        {
            NsqSocket consumer = await NsqSocket.OpenAsync(consumeAt);
            await consumer.SubscribeAsync(flow.Topic, "c", ready: 100);
            load._consumers.Add(load.ConsumeAsync(flow, consumer));
            load._publishers.Add(load.PublishAsync(flow, publishAt));
        }

        await load.UntilAsync(flow => !flow.Delivered.IsEmpty, "something of every topic");
        return load;
    }

    /// <summary>Waits until every topic has delivered what was published after this was called, and gives the longest time without a delivery of any.</summary>
    public async Task<TimeSpan> UntilResumedAsync()
    {
        Dictionary<Flow, int> marks = _flows.ToDictionary(flow => flow, flow => flow.Next);
        foreach (Flow flow in _flows) flow.LongestGap = TimeSpan.Zero;
        await UntilAsync(flow => flow.Last >= marks[flow], "something new of every topic");
        return _flows.Max(flow => flow.LongestGap);
    }

    /// <summary>Publishes no more, and waits until all that was acknowledged has come.</summary>
    public async Task EndAsync()
    {
        await _publishing.CancelAsync();
        await Task.WhenAll(_publishers);
        await UntilAsync(flow => flow.Acknowledged.All(flow.Delivered.ContainsKey), "all that was acknowledged");
    }

    public async ValueTask DisposeAsync()
    {
        await _publishing.CancelAsync();
        await _consuming.CancelAsync();
        await Task.WhenAll([.. _publishers, .. _consumers]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _publishing.Dispose();
        _consuming.Dispose();
    }

    private async Task UntilAsync(Func<Flow, bool> condition, string awaited)
    {
        long began = Stopwatch.GetTimestamp();
        while (!_flows.All(condition))
        {
            if (_publishers.Concat(_consumers).FirstOrDefault(task => task.IsFaulted) is { } failed) await failed;
            if (Stopwatch.GetElapsedTime(began) > TimeSpan.FromMinutes(1))
                throw new XunitException($"{awaited} was awaited, but nothing came for {string.Join(", ", _flows.Where(flow => !condition(flow)).Select(flow => flow.Topic))}");
            await Task.Delay(Pace);
        }
    }

    private async Task PublishAsync(Flow flow, EndPoint broker)
    {
        while (!_publishing.IsCancellationRequested)
        {
            await using NsqSocket socket = await NsqSocket.OpenAsync(broker);
            await PublishAsync(flow, socket);
        }
    }

    // A publish that fails ends its connection (spec 1.6).
    private async Task PublishAsync(Flow flow, NsqSocket socket)
    {
        while (!_publishing.IsCancellationRequested)
        {
            string value = flow.Next.ToString(CultureInfo.InvariantCulture);
            flow.Next++;
            await socket.SendAsync(NsqCommand.Pub(flow.Topic, value));
            if (await socket.NextAsync("the answer to a publish") is not { Type: NsqFrame.Response, Text: "OK" })
            {
                flow.Refused++;
                return;
            }

            flow.Acknowledged.Add(value);
            await Task.Delay(Pace, _publishing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ConsumeAsync(Flow flow, NsqSocket socket)
    {
        await using NsqSocket own = socket;
        await using CancellationTokenRegistration end = _consuming.Token.Register(socket.Abort);
        while (!_consuming.IsCancellationRequested)
        {
            NsqFrame frame = await socket.NextAsync("a message") ?? throw new XunitException("the connection of a consumer was closed");
            // A FIN of what was delivered again meanwhile may fail.
            if (frame.Type != NsqFrame.Message) continue;
            NsqMessage message = NsqMessage.Parse(frame.Data);
            flow.Take(message.Text);
            await socket.FinishAsync(message);
        }
    }

    private sealed class Flow(string topic)
    {
        private long _lastDelivery = Stopwatch.GetTimestamp();

        public string Topic => topic;

        /// <summary>The value that is published next.</summary>
        public int Next { get; set; }

        /// <summary>The highest value that came.</summary>
        public int Last { get; private set; } = -1;

        public int Refused { get; set; }

        public int Repeated { get; private set; }

        public TimeSpan LongestGap { get; set; }

        public ConcurrentBag<string> Acknowledged { get; } = [];

        public ConcurrentDictionary<string, int> Delivered { get; } = new();

        public void Take(string value)
        {
            TimeSpan gap = Stopwatch.GetElapsedTime(_lastDelivery);
            _lastDelivery = Stopwatch.GetTimestamp();
            if (gap > LongestGap) LongestGap = gap;
            if (Delivered.AddOrUpdate(value, 1, static (_, times) => times + 1) > 1) Repeated++;
            Last = Math.Max(Last, int.Parse(value, CultureInfo.InvariantCulture));
        }
    }
}
