using System.Globalization;
using System.Text.Json.Serialization;
using Broker.Channels;

namespace Broker.Gateway.Http.Stats;

/// <summary>Percentiles of the time from publish to finish (spec 2.8). While none are kept, there are none to tell.</summary>
public sealed class LatencyDocument
{
    /// <summary>What is said where no percentiles are kept.</summary>
    public static LatencyDocument None { get; } = new();

    /// <summary>The percentiles asked for, in nanoseconds.</summary>
    /// <param name="counts">What was measured; null where nothing is.</param>
    /// <param name="percentiles">Above 0 and up to 1.</param>
    public static LatencyDocument Of(LatencyCounts? counts, IReadOnlyList<double> percentiles) => counts is null
        ? None
        : new LatencyDocument
        {
            Count = counts.Count,
            Percentiles =
            [
                .. percentiles.Select(quantile => new Dictionary<string, double> { ["quantile"] = quantile, ["value"] = counts.QuantileOf(quantile) }),
            ],
        };

    /// <summary>The values for people to read, as in nsqd.</summary>
    public override string ToString() => string.Join(", ", (Percentiles ?? []).Select(static percentile => Format(percentile["value"])));

    /// <summary>Messages that were measured.</summary>
    [JsonPropertyName("count")] public long Count { get; init; }

    /// <summary>The percentiles; null when none are kept.</summary>
    [JsonPropertyName("percentiles")] public IReadOnlyList<IReadOnlyDictionary<string, double>>? Percentiles { get; init; }

    private static string Format(double nanoseconds) => nanoseconds switch
    {
        > 1e9 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e9:F1}s"),
        > 1e6 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:F1}ms"),
        > 1e3 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:F1}us"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:F1}ns"),
    };
}
