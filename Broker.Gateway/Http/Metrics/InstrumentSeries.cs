using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Broker.Gateway.Http.Metrics;

/// <summary>The series of one instrument: sums and histograms that grow as they are told, or what an observable one tells when it is asked.</summary>
/// <param name="instrument">The instrument.</param>
internal sealed class InstrumentSeries(Instrument instrument)
{
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly ConcurrentDictionary<string, HistogramSeries> _histograms = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _sums = new(StringComparer.Ordinal);
    private readonly List<(string Labels, double Value, double Bound)> _observed = [];
    private readonly double[] _bounds = instrument is Histogram<double> { Advice.HistogramBucketBoundaries: { } bounds } ? [.. bounds] : DefaultBounds;
    private readonly bool _isSummedUp = OrleansFigures.IsSummedUp(instrument.Name);
    private HistogramSeries? _unlabelled;
    private double _sum;

    /// <summary>The instrument.</summary>
    public Instrument Instrument => instrument;

    /// <summary>What it is to Prometheus.</summary>
    public MetricKind Kind { get; } = KindOf(instrument);

    /// <summary>Whether it tells the buckets of a histogram, each with its bound.</summary>
    public bool IsBuckets { get; } = instrument.Name.EndsWith(".bucket", StringComparison.Ordinal);

    /// <summary>A measurement came.</summary>
    public void Add(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_isSummedUp)
        {
            lock (_sums)
                _sum += value;
        }
        else if (Kind == MetricKind.Histogram && tags.IsEmpty)
        {
            (_unlabelled ?? Unlabelled()).Add(value);
        }
        else if (Kind == MetricKind.Histogram)
        {
            _histograms.GetOrAdd(MetricName.LabelsOf(tags), static (_, bounds) => new HistogramSeries(bounds), _bounds).Add(value);
        }
        else if (instrument.IsObservable)
        {
            _observed.Add((MetricName.LabelsOf(tags, IsBuckets ? "le" : null), value, IsBuckets ? BoundOf(tags) : 0));
        }
        else
        {
            string labels = MetricName.LabelsOf(tags);
            lock (_sums)
                _sums[labels] = _sums.GetValueOrDefault(labels) + value;
        }
    }

    /// <summary>Forgets what was observed.</summary>
    public void Clear()
    {
        _observed.Clear();
        if (!_isSummedUp || !instrument.IsObservable)
            return;
        lock (_sums)
            _sum = 0;
    }

    /// <summary>The series as they are now.</summary>
    public List<MetricSample> Read()
    {
        if (_isSummedUp)
        {
            lock (_sums)
                return [new MetricSample("", _sum)];
        }

        if (Kind == MetricKind.Histogram)
            return [.. _histograms.OrderBy(static series => series.Key, StringComparer.Ordinal).Select(static series => series.Value.Read(series.Key))];
        if (instrument.IsObservable)
            return [.. _observed.Select(static series => new MetricSample(series.Labels, series.Value))];
        lock (_sums)
            return [.. _sums.OrderBy(static sum => sum.Key, StringComparer.Ordinal).Select(static sum => new MetricSample(sum.Key, sum.Value))];
    }

    /// <summary>The histograms whose buckets this instrument tells, with their sums.</summary>
    public List<MetricSample> ReadBuckets(IEnumerable<MetricSample> sums)
    {
        Dictionary<string, double> values = sums.ToDictionary(static sum => sum.Labels, static sum => sum.Value, StringComparer.Ordinal);
        return
        [
            .. _observed.GroupBy(static series => series.Labels, StringComparer.Ordinal).Select(group => new MetricSample(
                group.Key, values.GetValueOrDefault(group.Key), [.. group.Select(static bucket => (bucket.Bound, (long)bucket.Value))])),
        ];
    }

    private static MetricKind KindOf(Instrument instrument)
    {
        Type type = instrument.GetType().GetGenericTypeDefinition();
        if (type == typeof(Histogram<>))
            return MetricKind.Histogram;
        // The runtime calls these counters, although both fall too.
        if (instrument.Name is "dotnet.thread_pool.queue.length" or "dotnet.thread_pool.thread.count")
            return MetricKind.Gauge;
        return type == typeof(Counter<>) || type == typeof(ObservableCounter<>) ? MetricKind.Counter : MetricKind.Gauge;
    }

    private static double BoundOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach ((string key, object? value) in tags)
        {
            if (key == "le" && value is string text)
                return text == "+Inf" ? double.PositiveInfinity : double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        }

        return double.PositiveInfinity;
    }

    private HistogramSeries Unlabelled() => _unlabelled = _histograms.GetOrAdd("", static (_, bounds) => new HistogramSeries(bounds), _bounds);
}
