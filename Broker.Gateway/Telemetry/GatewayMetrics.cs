using System.Diagnostics.Metrics;
using System.Globalization;
using Broker.Protocol;
using Broker.Serving.Telemetry;

namespace Broker.Gateway.Telemetry;

/// <summary>The meter <c>Broker.Gateway</c>: connections, bytes, errors, and how long publishes take.</summary>
public sealed class GatewayMetrics
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = ServingMetrics.MeterName;

    private static readonly double[] Seconds = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly long[] _errors = new long[ProtocolError.Codes.Count];
    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private readonly Histogram<double> _publish;
    private long _breaches;

    /// <param name="meters">Makes the meter.</param>
    /// <param name="time">The clock that durations are measured with.</param>
    public GatewayMetrics(IMeterFactory meters, TimeProvider time)
    {
        _time = time;
        _meter = meters.Create(MeterName);
        double started = time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
        _meter.CreateObservableGauge("broker.start.time", () => started, "s", "When this process began to serve, in seconds since the Unix epoch.");
        _publish = _meter.CreateHistogram(
            "broker.gateway.publish.duration", "s", "Time from sending a batch of publishes to its topic to the answer.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = Seconds });
        _meter.CreateObservableCounter(
            "broker.gateway.breaches", () => Breaches, "{breach}",
            "Times that a connection's window would have exceeded its maximum, so that the connection was closed.");
        _meter.CreateObservableCounter("broker.gateway.errors", ReadErrors, "{error}", "Error frames sent to clients, by code.");
    }

    /// <summary>The clock's time to measure a publish from; 0 when nobody measures.</summary>
    internal long PublishStart => _publish.Enabled ? _time.GetTimestamp() : 0;

    /// <summary>Shows what a gateway knows of its connections.</summary>
    /// <param name="connections">Connections that are open.</param>
    /// <param name="accepted">Connections that were let in since the start.</param>
    /// <param name="traffic">Bytes since the start.</param>
    internal void Observe(Func<int> connections, Func<long> accepted, Func<(long Received, long Sent)> traffic)
    {
        _meter.CreateObservableUpDownCounter(
            "broker.gateway.connections", connections, "{connection}", "Connections of NSQ clients that are open.");
        _meter.CreateObservableCounter(
            "broker.gateway.accepted.connections", accepted, "{connection}", "Connections of NSQ clients that were accepted.");
        _meter.CreateObservableCounter(
            "broker.gateway.received.size", () => traffic().Received, "By", "Bytes of commands received from NSQ clients, after decryption.");
        _meter.CreateObservableCounter(
            "broker.gateway.sent.size", () => traffic().Sent, "By", "Bytes of frames sent to NSQ clients, before encryption.");
    }

    /// <summary>A client gets an error frame.</summary>
    internal void Count(ProtocolError error) => Interlocked.Increment(ref _errors[error.Code]);

    /// <summary>How often a connection was found to be what must never be.</summary>
    internal long Breaches => Volatile.Read(ref _breaches);

    /// <summary>A connection was found to be what must never be.</summary>
    internal void Breached() => Interlocked.Increment(ref _breaches);

    /// <summary>A batch of publishes is answered.</summary>
    internal void Published(long start)
    {
        if (start != 0)
            _publish.Record(_time.GetElapsedTime(start).TotalSeconds);
    }

    private IEnumerable<Measurement<long>> ReadErrors()
    {
        for (int code = 0; code < _errors.Length; code++)
            yield return new Measurement<long>(Interlocked.Read(ref _errors[code]), new KeyValuePair<string, object?>("code", ProtocolError.Codes[code]));
    }
}
