using Broker.Serving.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Admin;

/// <summary>
/// Looks at all brokers again and again, once for everybody who looks at a page: often while somebody does, every
/// <see cref="FigureRing.Step"/> for the history when nobody does.
/// </summary>
public sealed class ClusterSampler : ServiceAfterStart, IDisposable
{
    // Looking takes time of the brokers; at most this part of it.
    private const int RestPerWork = 15;

    // A cluster that takes longer to look at than a page may take to come is shown as it was.
    private static readonly TimeSpan SlowSample = TimeSpan.FromMilliseconds(100);

    private readonly Lock _sync = new();
    private readonly BrokerCluster _cluster;
    private readonly AdminOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ClusterSampler> _logger;
    private readonly SemaphoreSlim _turn = new(1);
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _change = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _wake = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Dictionary<(string Topic, string Channel), Task<Gathered<ChannelFigures?>>> _details = [];
    private ClusterSample? _detailsOf;
    private ClusterSample? _current;
    private ClusterSample? _rateBase;
    private TimeSpan _took;
    private long _takenAt;
    private int _watchers;
    private string _lastFailure = "";

    /// <param name="cluster">The brokers.</param>
    /// <param name="options">How often.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    /// <param name="changes">What changes in the brokers of this process's cluster; null where there is none.</param>
    public ClusterSampler(BrokerCluster cluster, AdminOptions options, TimeProvider time, ILogger<ClusterSampler> logger, ClusterChanges? changes = null)
        : base(logger)
    {
        _cluster = cluster;
        _options = options;
        _time = time;
        _logger = logger;
        if (changes is not null)
            changes.Noted += Note;
    }

    /// <summary>The last hour.</summary>
    public FigureHistory History { get; } = new();

    /// <summary>A sample that is new enough to be shown.</summary>
    public async ValueTask<ClusterSample> GetAsync(CancellationToken cancellation)
    {
        lock (_sync)
        {
            if (_current is { Error: null } current)
            {
                TimeSpan age = _time.GetElapsedTime(_takenAt);
                bool isSlow = _took > SlowSample && age < FigureRing.Step * 3;
                if (isSlow && age > _options.SampleInterval)
                    _wake.TrySetResult();
                if (age <= _options.SampleInterval || isSlow)
                    return current;
            }
        }
        return await RefreshAsync(cancellation);
    }

    /// <summary>A sample that is taken after this call, so that it shows what was done before.</summary>
    public async Task<ClusterSample> RefreshAsync(CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await TakeAsync(cancellation);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A channel with its clients, asked for once for all who look at it at the time of a sample.</summary>
    /// <exception cref="UpstreamException">Nobody answered.</exception>
    public async Task<Gathered<ChannelFigures?>> ChannelAsync(ClusterSample sample, string topic, string channel, CancellationToken cancellation)
    {
        Task<Gathered<ChannelFigures?>> asked;
        lock (_sync)
        {
            if (_detailsOf != sample)
            {
                _details.Clear();
                _detailsOf = sample;
            }
            // Whoever looks may leave; the answer is for the others too.
            if (!_details.TryGetValue((topic, channel), out asked!))
                _details.Add((topic, channel), asked = _cluster.CollectChannelAsync(topic, channel, CancellationToken.None));
        }
        return await asked.WaitAsync(cancellation);
    }

    /// <summary>Waits for a sample after another one. While somebody waits, samples are taken often.</summary>
    public async Task<ClusterSample> NextAsync(ClusterSample after, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _watchers);
        try
        {
            while (true)
            {
                Task next;
                lock (_sync)
                {
                    if (_current is { } current && current != after)
                        return current;
                    next = _next.Task;
                    _wake.TrySetResult();
                }
                await next.WaitAsync(cancellation);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _watchers);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <inheritdoc/>
    protected override async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(stopping);
                await RefreshAsync(stopping);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        if (_current is null)
            return;
        TimeSpan rest = _took * RestPerWork;
        TimeSpan soon = rest > _options.SampleInterval ? rest : _options.SampleInterval;
        TimeSpan late = soon > FigureRing.Step ? soon : FigureRing.Step;
        Task changed;
        lock (_sync)
        {
            _change = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed = _change.Task;
        }
        await Task.Delay(rest, _time, cancellation);
        await WaitAsync(changed, soon - rest, cancellation);
        if (Volatile.Read(ref _watchers) > 0)
            return;
        Task woken;
        lock (_sync)
        {
            _wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            woken = _wake.Task;
        }
        await WaitAsync(woken, late - soon, cancellation);
    }

    private async Task WaitAsync(Task awaited, TimeSpan limit, CancellationToken cancellation)
    {
        using CancellationTokenSource done = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        await Task.WhenAny(awaited, Task.Delay(limit, _time, done.Token));
        await done.CancelAsync();
        cancellation.ThrowIfCancellationRequested();
    }

    // Who looks at a page sees at once that a topic, a channel or a node has come or gone.
    private void Note()
    {
        if (Volatile.Read(ref _watchers) == 0)
            return;
        lock (_sync)
            _change.TrySetResult();
    }

    private async Task<ClusterSample> TakeAsync(CancellationToken cancellation)
    {
        long began = _time.GetTimestamp();
        ClusterSample sample = await LookAsync(cancellation);
        if (sample.Error is null)
            History.Add(sample);
        TaskCompletionSource next;
        lock (_sync)
        {
            _took = _time.GetElapsedTime(began);
            _takenAt = _time.GetTimestamp();
            _current = sample;
            next = _next;
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        next.TrySetResult();
        string failure = sample.Error ?? string.Join("; ", sample.Failures);
        // A node that is down is down for a while: it is said once.
        if (failure.Length > 0 && failure != _lastFailure)
            _logger.SampleFailed(failure);
        _lastFailure = failure;
        return sample;
    }

    private async Task<ClusterSample> LookAsync(CancellationToken cancellation)
    {
        // Rates over a moment say nothing: what was taken for a page in between does not count.
        if (_current is { } current && (_rateBase is null || _time.GetElapsedTime(current.Timestamp) >= _options.SampleInterval / 2))
            _rateBase = current;
        ClusterSample? before = _rateBase;
        try
        {
            Task<Gathered<List<string>>>? names = _cluster.HasLookups ? _cluster.ListTopicsAsync(cancellation) : null;
            Gathered<List<ProducerNode>> nodes = await _cluster.ListNodesAsync(cancellation);
            Gathered<List<TopicFigures>> figures = nodes.Value.Count == 0
                ? new Gathered<List<TopicFigures>>([], [])
                : await _cluster.CollectAsync(nodes.Value, null, null, false, cancellation);
            IEnumerable<string> known = names is null ? [] : (await names).Value;
            long now = _time.GetTimestamp();
            double seconds = before is null ? 0 : _time.GetElapsedTime(before.Timestamp, now).TotalSeconds;
            List<string> failures = [.. nodes.Failures, .. figures.Failures];
            return new ClusterSample(_time.GetUtcNow(), now, nodes.Value, SumUp(figures.Value, known, before, seconds), failures, null);
        }
        catch (UpstreamException e)
        {
            return new ClusterSample(_time.GetUtcNow(), _time.GetTimestamp(), [], [], [], e.Message);
        }
    }

    private static List<TopicSample> SumUp(List<TopicFigures> figures, IEnumerable<string> known, ClusterSample? before, double seconds)
    {
        // What the sample before does not have came into being since, unless a node had not told of it.
        bool knewAll = before is { Error: null, Failures.Count: 0 };
        SortedDictionary<string, TopicFigures> sums = new(StringComparer.Ordinal);
        foreach (string name in known)
            sums[name] = TopicFigures.Of(name);
        foreach (TopicFigures one in figures)
        {
            if (!sums.TryGetValue(one.TopicName, out TopicFigures? sum))
                sums.Add(one.TopicName, sum = TopicFigures.Of(one.TopicName));
            sum.Add(one);
        }

        List<TopicSample> samples = new(sums.Count);
        foreach (TopicFigures sum in sums.Values)
        {
            TopicSample? earlier = before?.Find(sum.TopicName);
            ChannelSample[] channels =
            [
                .. (sum.Channels ?? []).OrderBy(static channel => channel.ChannelName, StringComparer.Ordinal).Select(channel =>
                {
                    FigureCounts counts = FigureCounts.Of(channel);
                    FigureCounts? earlierCounts = earlier?.Find(channel.ChannelName) is { } old ? FigureCounts.Of(old.Figures) : knewAll ? default(FigureCounts) : null;
                    return new ChannelSample(
                        channel, RateOf(earlierCounts?.In, counts.In, seconds), RateOf(earlierCounts?.Out, counts.Out, seconds));
                }),
            ];
            samples.Add(new TopicSample(
                sum, RateOf(earlier?.Figures.MessageCount ?? (knewAll ? 0 : null), sum.MessageCount, seconds), channels, sum.Nodes is { Count: > 0 }));
        }
        return samples;
    }

    // Counts begin at zero again when a broker does.
    private static double RateOf(long? before, long now, double seconds) =>
        before is { } count && seconds > 0 ? Math.Max(0, now - count) / seconds : 0;
}
