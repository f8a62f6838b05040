using System.Globalization;

namespace Broker.Admin;

/// <summary>The addresses of Graphite's graphs, for those who have it (spec 5.2).</summary>
/// <param name="options">Where it is and how it names figures.</param>
/// <param name="paths">Where it is reached through the admin web.</param>
/// <param name="interval">The time that is shown, as Graphite writes it: <c>2h</c>; <c>off</c> for no graphs.</param>
public sealed class GraphiteGraphs(AdminOptions options, AdminPaths paths, string interval)
{
    /// <summary>The times that can be chosen.</summary>
    public static readonly IReadOnlyList<string> Intervals = ["1h", "2h", "12h", "24h", "48h", "168h", "off"];

    /// <summary>The time that is shown.</summary>
    public string Interval => interval;

    /// <summary>Whether graphs are shown.</summary>
    public bool IsOn => interval != "off";

    /// <summary>A graph of a gauge over all nodes.</summary>
    /// <param name="name">The figure's name behind the prefix, like <c>topic.t.depth</c>.</param>
    public string Gauge(string name) => Url($"sumSeries({Named(options.StatsdGaugeFormat, name)})");

    /// <summary>A graph of a counter's rate over all nodes.</summary>
    /// <inheritdoc cref="Gauge"/>
    public string Rate(string name)
    {
        double perSecond = 1 / Math.Max(1, options.StatsdInterval.TotalSeconds);
        return Url(string.Create(CultureInfo.InvariantCulture, $"scale(sumSeries({Named(options.StatsdCounterFormat, name)}),{perSecond:0.######})"));
    }

    private string Named(string format, string name)
    {
        string prefix = options.StatsdPrefix.Replace("%s", "*", StringComparison.Ordinal);
        string full = $"{prefix}{(prefix.EndsWith('.') || prefix.Length == 0 ? "" : ".")}{name}";
        return format.Length == 0 ? full : format.Replace("%s", full, StringComparison.Ordinal);
    }

    private string Url(string target) =>
        $"{(options.ProxyGraphite ? paths.At("/render") : $"{options.GraphiteUrl.TrimEnd('/')}/render")}"
            + $"?target={Uri.EscapeDataString(target)}&from=-{interval}&until=-1min&width=500&height=160&hideLegend=true&bgcolor=ffffff00&fgcolor=808080";
}
