using System.Globalization;

namespace Broker.Admin;

/// <summary>Numbers and times as people read them.</summary>
internal static class Figure
{
    /// <summary>A count, its thousands apart.</summary>
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture).Replace(',', '\u202F');

    /// <summary>A count of a named thing: <c>1 message</c>, <c>2 messages</c>.</summary>
    public static string Count(long value, string noun) => $"{Count(value)} {noun}{(value == 1 ? "" : "s")}";

    /// <summary>Something a second.</summary>
    public static string Rate(double value) =>
        value is > 0 and < 10 ? value.ToString("0.0", CultureInfo.InvariantCulture) : Count((long)Math.Round(value));

    /// <summary>Short enough for an axis: <c>1.2k</c>, <c>34M</c>.</summary>
    public static string Short(double value)
    {
        (double scaled, string unit) = Math.Abs(value) switch
        {
            >= 1e9 => (value / 1e9, "G"),
            >= 1e6 => (value / 1e6, "M"),
            >= 1e3 => (value / 1e3, "k"),
            _ => (value, ""),
        };
        return scaled.ToString(Math.Abs(scaled) < 10 && scaled != Math.Floor(scaled) ? "0.0" : "0", CultureInfo.InvariantCulture) + unit;
    }

    /// <summary>Bytes.</summary>
    public static string Bytes(long value) => value < 1024 ? $"{value} B"
        : value < 1 << 20 ? string.Create(CultureInfo.InvariantCulture, $"{value / 1024.0:0.0} KB")
        : value < 1 << 30 ? string.Create(CultureInfo.InvariantCulture, $"{value / 1048576.0:0.0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{value / 1073741824.0:0.0} GB");

    /// <summary>A duration in its two greatest units.</summary>
    public static string Duration(TimeSpan value) => value.Duration() switch
    {
        { TotalSeconds: < 1 } span => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0} ms"),
        { TotalMinutes: < 1 } span => $"{span.Seconds} s",
        { TotalHours: < 1 } span => $"{span.Minutes} min {span.Seconds} s",
        { TotalDays: < 1 } span => $"{span.Hours} h {span.Minutes} min",
        { } span => $"{span.Days} d {span.Hours} h",
    };

    /// <summary>Nanoseconds, as percentiles of latency are told.</summary>
    public static string Latency(double nanoseconds) => nanoseconds switch
    {
        < 1e3 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns"),
        < 1e6 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e3:0.0} µs"),
        < 1e9 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e6:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1e9:0.00} s"),
    };

    /// <summary>A time of day and its date, in UTC.</summary>
    public static string Time(DateTimeOffset time) => time.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss.fff 'UTC'", CultureInfo.InvariantCulture);
}
