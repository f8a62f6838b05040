using System.Diagnostics.Metrics;

namespace Broker.Gateway.Http.Metrics;

/// <summary>
/// Listens to the meters of this broker, and of others in the process to none, and to what Orleans and the .NET runtime tell of themselves, and
/// gives all series when it is asked.
/// </summary>
internal sealed class MetricCollector : IDisposable
{
    private const string RuntimeMeter = "System.Runtime";
    private const string Buckets = ".bucket";
    private const string Sum = ".sum";

    // Of the runtime's figures those that say something of a broker.
    private static readonly string[] RuntimeNames = ["dotnet.gc.", "dotnet.thread_pool.", "dotnet.process.", "dotnet.monitor."];

    private readonly Lock _scrape = new();
    private readonly SortedDictionary<string, InstrumentSeries> _series = new(StringComparer.Ordinal);
    private readonly IMeterFactory _meters;
    private readonly MeterListener _listener = new();

    /// <param name="meters">Who makes the meters of this broker.</param>
    public MetricCollector(IMeterFactory meters)
    {
        _meters = meters;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!IsWanted(instrument))
                return;
            InstrumentSeries series = new(instrument);
            lock (_series)
                _series[instrument.Name] = series;
            listener.EnableMeasurementEvents(instrument, series);
        };
        _listener.MeasurementsCompleted = (instrument, _) =>
        {
            lock (_series)
            {
                if (_series.TryGetValue(instrument.Name, out InstrumentSeries? series) && series.Instrument == instrument)
                    _series.Remove(instrument.Name);
            }
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, series) => ((InstrumentSeries)series!).Add(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, series) => ((InstrumentSeries)series!).Add(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, series) => ((InstrumentSeries)series!).Add(value, tags));
        _listener.Start();
    }

    /// <summary>All series as they are now, by families ordered by name.</summary>
    public List<MetricFamily> Collect()
    {
        lock (_scrape)
        {
            InstrumentSeries[] all;
            lock (_series)
                all = [.. _series.Values];
            foreach (InstrumentSeries series in all)
                series.Clear();
            _listener.RecordObservableInstruments();
            Dictionary<string, InstrumentSeries> byName = all.ToDictionary(static series => series.Instrument.Name, StringComparer.Ordinal);
            List<MetricFamily> families = [];
            foreach (InstrumentSeries series in all)
            {
                string name = series.Instrument.Name;
                if (series.IsBuckets)
                    families.Add(DescribeHistogram(series, byName[name[..^Buckets.Length] + Sum]));
                else if (!name.EndsWith(Sum, StringComparison.Ordinal) || !byName.ContainsKey(name[..^Sum.Length] + Buckets))
                    families.Add(Describe(series, name, series.Kind, series.Read()));
            }

            families.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return families;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static MetricFamily DescribeHistogram(InstrumentSeries buckets, InstrumentSeries sum) =>
        Describe(sum, sum.Instrument.Name[..^Sum.Length], MetricKind.Histogram, buckets.ReadBuckets(sum.Read()));

    private static MetricFamily Describe(InstrumentSeries series, string name, MetricKind kind, List<MetricSample> samples)
    {
        string unit = MetricName.UnitOf(series.Instrument.Unit);
        return new MetricFamily(MetricName.Of(name, unit), kind, unit, series.Instrument.Description ?? OrleansFigures.Describe(series.Instrument.Name) ?? "", samples);
    }

    private bool IsWanted(Instrument instrument) => instrument.Meter.Name switch
    {
        RuntimeMeter => RuntimeNames.Any(name => instrument.Name.StartsWith(name, StringComparison.Ordinal)),
        OrleansFigures.Meter => IsOwn(instrument.Meter) && OrleansFigures.Has(instrument.Name),
        string name => IsOwn(instrument.Meter) && name.StartsWith("Broker.", StringComparison.Ordinal),
    };

    private bool IsOwn(Meter meter) => ReferenceEquals(meter.Scope, _meters);
}
