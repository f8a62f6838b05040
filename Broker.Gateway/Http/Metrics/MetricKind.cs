namespace Broker.Gateway.Http.Metrics;

/// <summary>What a family of series is to Prometheus.</summary>
internal enum MetricKind
{
    /// <summary>A sum that only grows.</summary>
    Counter = 0,

    /// <summary>A figure that may fall.</summary>
    Gauge,

    /// <summary>Durations or sizes by buckets.</summary>
    Histogram,
}
