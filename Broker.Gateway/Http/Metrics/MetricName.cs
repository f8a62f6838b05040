using System.Text;

namespace Broker.Gateway.Http.Metrics;

/// <summary>How OpenTelemetry's names and units become Prometheus': dots become underscores, and the unit ends the name.</summary>
internal static class MetricName
{
    /// <summary>Prometheus' word for a unit; empty for those that only say what is counted.</summary>
    public static string UnitOf(string? unit) => unit switch
    {
        "s" => "seconds",
        "By" => "bytes",
        "1" => "ratio",
        _ => "",
    };

    /// <summary>The name in Prometheus' form.</summary>
    public static string Of(string name, string unit)
    {
        StringBuilder text = new(name.Length + unit.Length + 1);
        foreach (char c in name)
            text.Append(char.IsAsciiLetterOrDigit(c) ? c : '_');
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal))
            text.Append('_').Append(unit);
        return text.ToString();
    }

    /// <summary>Labels as they are written, without braces, ordered by name; <paramref name="except"/> is left out.</summary>
    public static string LabelsOf(ReadOnlySpan<KeyValuePair<string, object?>> tags, string? except = null)
    {
        if (tags.IsEmpty)
            return "";
        KeyValuePair<string, object?>[] ordered = tags.ToArray();
        Array.Sort(ordered, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        StringBuilder text = new();
        foreach ((string key, object? value) in ordered)
        {
            if (key == except)
                continue;
            if (text.Length > 0)
                text.Append(',');
            text.Append(Of(key, "")).Append("=\"");
            Escape(text, Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "", quotes: true);
            text.Append('"');
        }

        return text.ToString();
    }

    /// <summary>Writes a text with backslashes, line feeds and, if need be, quotes escaped.</summary>
    public static void Escape(StringBuilder text, string value, bool quotes)
    {
        foreach (char c in value)
        {
            switch (c)
            {
                case '\\':
                    text.Append("\\\\");
                    break;
                case '\n':
                    text.Append("\\n");
                    break;
                case '"' when quotes:
                    text.Append("\\\"");
                    break;
                default:
                    text.Append(c);
                    break;
            }
        }
    }
}
