namespace Broker.Gateway.Http.Metrics;

/// <summary>All series of one name.</summary>
/// <param name="Name">Name in Prometheus' form, unit included, without the <c>_total</c> of counters.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Unit">Unit as Prometheus names it; empty for none.</param>
/// <param name="Help">What it tells.</param>
/// <param name="Samples">The series.</param>
internal sealed record MetricFamily(string Name, MetricKind Kind, string Unit, string Help, IReadOnlyList<MetricSample> Samples);
