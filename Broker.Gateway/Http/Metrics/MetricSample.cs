namespace Broker.Gateway.Http.Metrics;

/// <summary>One series of a family as it is now.</summary>
/// <param name="Labels">Its labels as they are written, without braces; empty for none.</param>
/// <param name="Value">Its value; of a histogram the sum.</param>
/// <param name="Buckets">Of a histogram: upper bounds and counts, each including those below, the last without bound; else null.</param>
internal sealed record MetricSample(string Labels, double Value, IReadOnlyList<(double Bound, long Count)>? Buckets = null);
