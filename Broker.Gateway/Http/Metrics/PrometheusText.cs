using System.Globalization;
using System.Text;

namespace Broker.Gateway.Http.Metrics;

/// <summary>
/// Writes series in Prometheus' text format 0.0.4, or in OpenMetrics 1.0, which differs in the names of counters' families, in units, in how
/// bounds are written, and in its end.
/// </summary>
/// <param name="isOpenMetrics">Which of the two.</param>
internal sealed class PrometheusText(bool isOpenMetrics)
{
    /// <summary>Content type of the classic format.</summary>
    public const string ClassicType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Content type of OpenMetrics.</summary>
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>Content type of what is written.</summary>
    public string ContentType => isOpenMetrics ? OpenMetricsType : ClassicType;

    /// <summary>Writes one family; nothing when it has no series.</summary>
    public void Write(StringBuilder text, MetricFamily family)
    {
        if (family.Samples.Count == 0)
            return;
        string name = family.Kind == MetricKind.Counter && !isOpenMetrics ? family.Name + "_total" : family.Name;
        text.Append("# HELP ").Append(name).Append(' ');
        MetricName.Escape(text, family.Help, quotes: isOpenMetrics);
        text.Append('\n');
        text.Append("# TYPE ").Append(name).Append(' ').Append(NameOf(family.Kind)).Append('\n');
        if (isOpenMetrics && family.Unit.Length > 0)
            text.Append("# UNIT ").Append(name).Append(' ').Append(family.Unit).Append('\n');
        foreach (MetricSample sample in family.Samples)
        {
            if (sample.Buckets is null)
                WriteLine(text, family.Name, family.Kind == MetricKind.Counter ? "_total" : "", sample.Labels, null, NumberOf(sample.Value));
            else
                WriteHistogram(text, family.Name, sample, sample.Buckets);
        }
    }

    /// <summary>Writes what stands behind the last family.</summary>
    public void WriteEnd(StringBuilder text)
    {
        if (isOpenMetrics)
            text.Append("# EOF\n");
    }

    private static string NameOf(MetricKind kind) => kind switch
    {
        MetricKind.Counter => "counter",
        MetricKind.Gauge => "gauge",
        _ => "histogram",
    };

    private static string NumberOf(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private void WriteHistogram(StringBuilder text, string name, MetricSample sample, IReadOnlyList<(double Bound, long Count)> buckets)
    {
        foreach ((double bound, long count) in buckets)
            WriteLine(text, name, "_bucket", sample.Labels, BoundOf(bound), count.ToString(CultureInfo.InvariantCulture));
        WriteLine(text, name, "_sum", sample.Labels, null, NumberOf(sample.Value));
        WriteLine(text, name, "_count", sample.Labels, null, buckets[^1].Count.ToString(CultureInfo.InvariantCulture));
    }

    // OpenMetrics wants bounds to look like floating point numbers.
    private string BoundOf(double bound)
    {
        string text = NumberOf(bound);
        return isOpenMetrics && text.All(char.IsAsciiDigit) ? text + ".0" : text;
    }

    private static void WriteLine(StringBuilder text, string name, string suffix, string labels, string? bound, string value)
    {
        text.Append(name).Append(suffix);
        if (labels.Length > 0 || bound is not null)
        {
            text.Append('{').Append(labels);
            if (bound is not null)
                text.Append(labels.Length > 0 ? "," : "").Append("le=\"").Append(bound).Append('"');
            text.Append('}');
        }

        text.Append(' ').Append(value).Append('\n');
    }
}
