using System.Diagnostics.Metrics;

namespace Broker.Storage;

/// <summary>The meter <c>Broker.Storage</c>: what the logs of topics cost. Measured once a group of appends and once an fsync.</summary>
public sealed class StorageMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Broker.Storage";

    // From what a page cache takes to what a tired disk takes.
    private static readonly double[] Seconds = [0.000_01, 0.000_025, 0.000_1, 0.000_25, 0.001, 0.002_5, 0.01, 0.025, 0.1, 0.25, 1, 2.5, 10];

    private readonly TimeProvider _time;
    private readonly Histogram<double> _append;
    private readonly Histogram<double> _write;
    private readonly Histogram<double> _sync;
    private long _bytes;
    private long _messages;
    private long _failures;
    private long _breaches;
    private Func<(int Segments, long Bytes)> _size = static () => default;

    /// <param name="meters">Makes the meter.</param>
    /// <param name="time">The clock that durations are measured with.</param>
    public StorageMetrics(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        Meter meter = meters.Create(MeterName);
        InstrumentAdvice<double> advice = new() { HistogramBucketBoundaries = Seconds };
        _append = meter.CreateHistogram(
            "broker.log.append.duration", "s", "Time until a batch is in the log, for the batch of each group that waited longest.", null, advice);
        _write = meter.CreateHistogram("broker.log.write.duration", "s", "Time to write a group of batches of one topic to its log.", null, advice);
        _sync = meter.CreateHistogram("broker.log.fsync.duration", "s", "Time of an fsync of one topic's log, or of one of all together when many are due.", null, advice);
        meter.CreateObservableCounter("broker.log.written.size", () => Volatile.Read(ref _bytes), "By", "Bytes written to logs.");
        meter.CreateObservableCounter("broker.log.written.messages", () => Volatile.Read(ref _messages), "{message}", "Messages written to logs.");
        meter.CreateObservableCounter(
            "broker.storage.failures", () => Volatile.Read(ref _failures), "{failure}", "Times that the store could not write or sync.");
        meter.CreateObservableCounter(
            "broker.storage.breaches", () => Volatile.Read(ref _breaches), "{breach}", "Times that the store found an impossible state, and closed what was affected.");
        meter.CreateObservableUpDownCounter("broker.log.segments", () => _size().Segments, "{segment}", "Segment files of all open logs.");
        meter.CreateObservableUpDownCounter("broker.log.size", () => _size().Bytes, "By", "Bytes of all open logs.");
    }

    /// <summary>The clock's time to measure an append from; 0 when nobody measures.</summary>
    public long AppendStart => _append.Enabled ? _time.GetTimestamp() : 0;

    /// <summary>The clock's time to measure a write from; 0 when nobody measures.</summary>
    public long WriteStart => _write.Enabled ? _time.GetTimestamp() : 0;

    /// <summary>The clock's time to measure an fsync from; 0 when nobody measures.</summary>
    public long SyncStart => _sync.Enabled ? _time.GetTimestamp() : 0;

    /// <summary>Says how the number and the size of segments are found.</summary>
    public void Observe(Func<(int Segments, long Bytes)> size) => _size = size;

    /// <summary>A group of appends is in the log, the first of which began at <paramref name="start"/>.</summary>
    public void Appended(long start, long messages, long bytes)
    {
        Interlocked.Add(ref _messages, messages);
        Interlocked.Add(ref _bytes, bytes);
        Record(_append, start);
    }

    /// <summary>A group was written.</summary>
    public void Written(long start) => Record(_write, start);

    /// <summary>A log was synced, or many at once.</summary>
    public void Synced(long start) => Record(_sync, start);

    /// <summary>The store could not write.</summary>
    public void Failed() => Interlocked.Increment(ref _failures);

    /// <summary>Something was found that must never be.</summary>
    public void Breached() => Interlocked.Increment(ref _breaches);

    private void Record(Histogram<double> histogram, long start)
    {
        if (start != 0)
            histogram.Record(_time.GetElapsedTime(start).TotalSeconds);
    }
}
