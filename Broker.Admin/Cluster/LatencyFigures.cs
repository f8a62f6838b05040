using System.Text.Json.Serialization;

namespace Broker.Admin;

/// <summary>Percentiles of the time from publish to finish: of one node as it tells them, or of several together (spec 5.1).</summary>
public sealed class LatencyFigures
{
    private const string Quantile = "quantile";
    private const string Value = "value";
    private const string Min = "min";
    private const string Max = "max";
    private const string Average = "average";
    private const string Samples = "count";

    /// <summary>Messages that were measured.</summary>
    [JsonPropertyName("count")] public long Count { get; set; }

    /// <summary>Each percentile by the names of its figures, in nanoseconds; null when none are kept.</summary>
    [JsonPropertyName("percentiles")] public List<Dictionary<string, double>>? Percentiles { get; set; }

    [JsonPropertyName("topic")] public string Topic { get; set; } = "";

    [JsonPropertyName("channel")] public string Channel { get; set; } = "";

    [JsonPropertyName("host")] public string Host { get; set; } = "";

    /// <summary>Gives each percentile of a node the figures of a sum.</summary>
    internal void Complete()
    {
        foreach (Dictionary<string, double> percentile in Percentiles ?? [])
        {
            double value = percentile.GetValueOrDefault(Value);
            percentile[Min] = percentile[Max] = percentile[Average] = value;
            percentile[Samples] = Count;
        }
    }

    /// <summary>Adds those of a node: the average is weighted by what was measured.</summary>
    internal void Add(LatencyFigures? other)
    {
        Host = "*";
        if (other is null)
            return;
        Count += other.Count;
        foreach (Dictionary<string, double> added in other.Percentiles ?? [])
        {
            Percentiles ??= [];
            Dictionary<string, double>? sum = Percentiles.Find(known => known[Quantile] == added.GetValueOrDefault(Quantile));
            if (sum is null)
            {
                Percentiles.Add(new Dictionary<string, double>
                {
                    [Quantile] = added.GetValueOrDefault(Quantile),
                    [Min] = added.GetValueOrDefault(Min),
                    [Max] = added.GetValueOrDefault(Max),
                    [Average] = added.GetValueOrDefault(Average),
                    [Samples] = added.GetValueOrDefault(Samples),
                });
                continue;
            }
            sum[Min] = Math.Min(sum[Min], added.GetValueOrDefault(Min));
            sum[Max] = Math.Max(sum[Max], added.GetValueOrDefault(Max));
            double samples = sum[Samples] += added.GetValueOrDefault(Samples);
            sum[Average] = samples == 0
                ? 0
                : sum[Average] + (added.GetValueOrDefault(Average) - sum[Average]) * added.GetValueOrDefault(Samples) / samples;
        }
    }
}
